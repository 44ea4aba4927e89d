import type { Position, Revision } from './event-store.ts';

/** One event as the store keeps it, byte for byte. */
export interface StoredRecord {
  readonly position: Position;
  readonly stream: Uint8Array;
  readonly revision: Revision;
  readonly type: Uint8Array;
  /** When the store took it in: milliseconds since the epoch. */
  readonly recordedAt: number;
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

export interface RawSlice {
  readonly records: readonly StoredRecord[];
  /** Everything up to here was considered. */
  readonly position: Position;
  /** Nothing stood beyond it when this was read. */
  readonly end: boolean;
}

/** The log without any reading of it: what is sealed and what is verified. */
export interface RawLog {
  /** Records after a position in log order; from the very lowest, whatever its number, when `after` is absent. */
  read(options: { readonly after?: Position; readonly limit: number }): Promise<RawSlice>;
  head(): Promise<Position>;
  close(): Promise<void>;
}

/** What was sealed together: the events between two checkpoints. */
export interface Segment {
  /** Of its checkpoint, from 1. */
  readonly sequence: number;
  /** Events sealed in all, this segment's included: the size of the tree. */
  readonly size: number;
  /** Of the last event sealed. */
  readonly position: Position;
  /** For each event, in log order: its position (8 bytes) and its leaf hash (32 bytes). */
  readonly entries: Uint8Array;
  /** The roots of the full subtrees that the tree consists of, the largest first: what sealing goes on from. */
  readonly frontier: Uint8Array;
  /** The signed checkpoint, as docs/audit-format.md describes it. */
  readonly checkpoint: string;
}

/** What the sealer has sealed, kept beside the log. It can be made anew from the log and the witness. */
export interface SegmentStore {
  last(): Segment | undefined;
  get(sequence: number): Segment | undefined;
  /** The segment that holds the leaf of this number, from 0. */
  holding(index: number): Segment | undefined;
  /** The first segment that ends at this position or beyond it. */
  reaching(position: Position): Segment | undefined;
  /** Checkpoints beyond a sequence number in the direction asked for. */
  checkpoints(options: {
    readonly beyond?: number;
    readonly limit: number;
    readonly direction: 'forward' | 'backward';
  }): readonly Pick<Segment, 'sequence' | 'size' | 'position' | 'checkpoint'>[];
  /** Durable when it returns. `taken`: there is another of this number, which stays. */
  add(segment: Segment): 'added' | 'taken';
  close(): void;
}

/** Keeps signed checkpoints where whoever can change the log cannot change them. */
export interface Witness {
  /** Undefined: it is only written to, and cannot be asked. */
  readonly last?: () => Promise<number>;
  /** The checkpoint of a number, undefined when there is none. */
  readonly read?: (sequence: number) => Promise<string | undefined>;
  /** Writes durably. `taken`: a checkpoint of this number stands there, which nothing may replace. */
  write(sequence: number, checkpoint: string): Promise<'written' | 'taken'>;
}
