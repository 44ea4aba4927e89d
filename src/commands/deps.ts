import type { EventStore } from '../ports/event-store.ts';
import type { AggregateCache } from './aggregate-cache.ts';

/** What every command needs. */
export interface CommandDeps {
  readonly store: EventStore;
  readonly aggregates: AggregateCache;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /**
   * A hash that only the platform can make: the ids of reservation streams, so that the log does not tell the names, and
   * the proofs of refresh tokens.
   */
  readonly keyedHash: (text: string) => string;
}
