import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';

/** Texts of queries differ by their filters and by the length of their lists, so there are few of them. */
const MOST = 128;

/** Prepared statements by their text: preparing one costs more than most queries do. */
export function statementCache(db: DatabaseSync): (sql: string) => StatementSync {
  const statements = new LRUCache<string, StatementSync>({ max: MOST });
  return (sql) => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}
