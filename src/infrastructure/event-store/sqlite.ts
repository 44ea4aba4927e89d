import type { EventStore } from '../../ports/event-store.ts';
import { createSqliteEventStore } from './sqlite/store.ts';
import type { SqliteEventStoreOptions } from './sqlite/store.ts';
import { durableTransactions } from './sqlite/transactions.ts';

/**
 * The event store in one SQLite file: the embedded default. One process may write to it (`lockDataDir`); any number of
 * readers in other threads and processes open it with `openSqliteEventReader`. Positions go 1, 2, 3 … without a gap.
 * @throws StoreUnavailable the file cannot be opened or written
 */
export function openSqliteEventStore(options: SqliteEventStoreOptions): EventStore {
  return createSqliteEventStore(options, durableTransactions);
}
