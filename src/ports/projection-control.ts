import type { Position } from './event-store.ts';
import type { DeadLetter } from './read-model.ts';

export interface ProjectionStatus {
  readonly name: string;
  readonly store: 'relational' | 'documents' | 'search';
  /** Of the live model; each rebuild makes the next. 0 while the first is being built. */
  readonly version: number;
  readonly previousVersion: number | null;
  readonly position: Position;
  /** Events that stand in the log beyond `position`. */
  readonly lag: number;
  readonly status: 'live' | 'catching_up' | 'rebuilding' | 'stopped';
  readonly deadLetters: number;
  /** Why it does not go on at the moment. It is tried again. */
  readonly error?: string;
}

export interface RebuildStatus {
  readonly id: string;
  readonly projection: string;
  readonly version: number;
  readonly status: 'running' | 'succeeded' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly eventsPerSecond: number;
  /** Milliseconds to go, as far as the rate tells; null before there is one. */
  readonly etaMs: number | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** What a failed rebuild stopped at: the event's position, its type and what was wrong with it. */
  readonly error: string | null;
  /** Of that event; null when something else failed. */
  readonly errorPosition: Position | null;
}

/** What an operator may do to read models. An unknown name is a DomainError `projection_not_found`. */
export interface ProjectionControl {
  list(): Promise<readonly ProjectionStatus[]>;
  status(name: string): Promise<ProjectionStatus>;
  /** Starts a rebuild beside the live model; asked again with the same id, tells how it goes. @throws DomainError `rebuild_running` */
  rebuild(name: string, rebuildId: string): Promise<RebuildStatus>;
  /** @throws DomainError `rebuild_not_found` */
  rebuildStatus(name: string, rebuildId: string): Promise<RebuildStatus>;
  /** Makes the previous version live again. @throws DomainError `no_previous_version` */
  rollBack(name: string): Promise<ProjectionStatus>;
  deadLetters(name: string): Promise<readonly DeadLetter[]>;
  /** Tries parked streams again, all or one, in log order. Answers how many letters were resolved and how many stay. */
  retryDeadLetters(name: string, stream?: string): Promise<{ readonly resolved: number; readonly left: number }>;
  /** Told when a rebuild starts, succeeds or fails, so that it can be recorded. */
  onRebuildChange(listener: (status: RebuildStatus) => void): void;
}
