import type { DatabaseSync } from 'node:sqlite';

/**
 * How a group of appends becomes durable. The store knows one way; the tests put others in its place to make commits
 * fail, and to prove that the crash test notices a store that answers too early.
 */
export interface Transactions {
  begin(db: DatabaseSync): void;
  /** What was written since `begin` is durable when this returns. */
  commit(db: DatabaseSync): void;
}

/** With `synchronous = FULL` the commit returns after the write-ahead log was synced to the disk. */
export const durableTransactions: Transactions = {
  begin: (db) => db.exec('BEGIN IMMEDIATE'),
  commit: (db) => db.exec('COMMIT'),
};
