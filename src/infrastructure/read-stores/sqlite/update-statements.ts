import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { identifier } from './identifier.ts';

/**
 * `UPDATE` statements for just the columns that change, each prepared once: SQLite rewrites every index that an UPDATE
 * names a column of, changed or not. The values of the columns are bound first, then the id.
 */
export function updateStatements(db: DatabaseSync, table: string): (columns: readonly string[]) => StatementSync {
  const prepared = new Map<string, StatementSync>();
  return (columns) => {
    const key = columns.join();
    let statement = prepared.get(key);
    if (statement === undefined) {
      const sets = columns.map((column) => `${identifier(column)} = ?`).join(', ');
      statement = db.prepare(`UPDATE ${identifier(table)} SET ${sets} WHERE id = ?`);
      prepared.set(key, statement);
    }
    return statement;
  };
}
