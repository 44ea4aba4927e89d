import type { Position } from './event-store.ts';

/** What was done to the record where it stops being what was sealed. */
export type Fault =
  | 'changed'
  | 'deleted'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  /** The events are as they were sealed; the list of their hashes is not. */
  | 'sealed_list'
  /** A checkpoint is not signed by the key, does not continue the one before, or is not what a witness holds. */
  | 'checkpoint'
  /** The file is no export, is cut off, or was damaged. */
  | 'file';

/** The first place at which the record is not what was sealed. */
export interface FirstBad {
  readonly position: Position;
  /** Absent: exactly there. Otherwise the place is between `position` and this one. */
  readonly through?: Position;
  readonly fault: Fault;
  readonly detail: string;
}

export interface AuditOutcome {
  readonly ok: boolean;
  /** The log, as its checkpoints name it; null before the first. */
  readonly origin: string | null;
  /** Events that were found as they were sealed. */
  readonly events: number;
  /** Checkpoints that hold. */
  readonly checkpoints: number;
  /** Of the last checkpoint that holds; 0 before the first. */
  readonly position: Position;
  readonly firstBad: FirstBad | null;
}

/** A signed statement about the log up to a position. */
export interface SealedCheckpoint {
  readonly sequence: number;
  /** Events sealed. */
  readonly size: number;
  /** Of the last event sealed. */
  readonly position: Position;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Root of the Merkle tree over all events, base64. */
  readonly root: string;
  /** Chain over all events, hex. */
  readonly chain: string;
  /** SHA-256 of the signed checkpoint before, hex. */
  readonly previous: string;
  /** What was signed and its signature, as docs/audit-format.md says. */
  readonly signed: string;
}

export interface SealStatus {
  /**
   * `sealing`; `waiting`: something cannot be reached or written, and is tried again; `broken`: the log is not what was
   * sealed of it, and nothing more is sealed; `elsewhere`: another process seals.
   */
  readonly status: 'sealing' | 'waiting' | 'broken' | 'elsewhere';
  /** Why it waits, or what is broken. */
  readonly reason?: string;
  /** Where it is broken. */
  readonly firstBadPosition?: Position;
  /** Position of the last event sealed. */
  readonly position: Position;
  /** Events sealed. */
  readonly size: number;
  /** Positions by which sealing is behind the log; null while the log cannot be read. */
  readonly lag: number | null;
  /** The key that verifies checkpoints, as signed notes write it; null before the first. */
  readonly publicKey: string | null;
  /** Where checkpoints are witnessed: `none`, `file`, `directory` or `stdout`. */
  readonly witness: 'none' | 'file' | 'directory' | 'stdout';
}

/** The sealing of the log and what can be asked about it. */
export interface AuditSeal {
  status(): Promise<SealStatus>;
  /** The newest first, before a sequence number. */
  checkpoints(options: { readonly before?: number; readonly limit: number }): Promise<readonly SealedCheckpoint[]>;
  /** Seals what stands in the log and compares all of it with what was sealed. Takes as long as reading it. */
  verify(): Promise<AuditOutcome>;
  /**
   * Seals what stands in the log, and gives everything sealed as one file (docs/audit-format.md); with positions, in log
   * order, the events there and the proof of each.
   */
  exportSealed(positions?: AsyncIterable<Position>): AsyncGenerator<Uint8Array>;
}
