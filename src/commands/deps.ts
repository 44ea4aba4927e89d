import type { EventStore } from '../ports/event-store.ts';
import type { AggregateCache } from './aggregate-cache.ts';

/** What every command needs. */
export interface CommandDeps {
  readonly store: EventStore;
  readonly aggregates: AggregateCache;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Makes the ids of reservation streams, so that the log does not tell the names. */
  readonly keyedHash: (text: string) => string;
}
