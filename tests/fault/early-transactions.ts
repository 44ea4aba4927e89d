import type { Transactions } from '../../src/infrastructure/event-store/sqlite/transactions.ts';

/**
 * The negative control of the crash tests: a store that answers before it commits. What the operating system was handed
 * survives a killed process, so it is not enough to leave out the sync: the commit itself must come later.
 */
export const early: Transactions = {
  begin: (db) => {
    if (db.isTransaction) return;
    db.exec('BEGIN IMMEDIATE');
    setTimeout(() => db.exec('COMMIT'), 20);
  },
  commit: () => undefined,
};

/** The name that the event store asks for, for a process in which this file stands in the place of the real one. */
export { early as durableTransactions };
