import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ReadStores } from '../../ports/read-stores.ts';
import type { ReadLog } from './advance.ts';
import type { BuildThreads } from './build-threads.ts';
import type { ModelSlot } from './model-slot.ts';

/** What the parts of the engine share. */
export interface Engine {
  readonly store: EventStore;
  readonly stores: ReadStores;
  readonly slots: ReadonlyMap<string, ModelSlot>;
  /** The log as live projections read it: from the window that they share where that reaches. */
  readonly read: ReadLog;
  readonly threads: BuildThreads;
  /** Other processes may write the same read stores. */
  readonly shared: boolean;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}
