import type { DatabaseSync } from 'node:sqlite';
import type { Cell, RelationalModel, RelationalRow } from '../../../ports/read-model.ts';
import { identifier, indexStatements } from './identifier.ts';
import { updateStatements } from './update-statements.ts';
import { RowMissing, type RowStatements, type RowTable } from './row-table.ts';

const SQL_TYPES = { text: 'TEXT', integer: 'INTEGER', real: 'REAL', json: 'TEXT' } as const;

/** A table with one column for each of the model's. STRICT, so that a value of the wrong type is refused, not bent. */
export function relationalRows(model: RelationalModel): RowTable<RelationalRow> {
  const columns = Object.entries(model.columns);
  const definitions = columns.map(([name, type]) => `${identifier(name)} ${SQL_TYPES[type]}`);
  return {
    tables: [
      `CREATE TABLE ${identifier(model.table)} (${['id TEXT PRIMARY KEY NOT NULL', ...definitions].join(', ')}) STRICT`,
    ],
    indexes: indexStatements(model.table, model.indexes),
    tidy: [],
    prepare: (db) => statements(db, model),
  };
}

function statements(db: DatabaseSync, model: RelationalModel): RowStatements<RelationalRow> {
  const table = identifier(model.table);
  const columns = Object.keys(model.columns);
  const all = ['id', ...columns];
  const list = all.map(identifier).join(', ');
  const insert = db.prepare(`INSERT INTO ${table} (${list}) VALUES (${all.map(() => '?').join(', ')})`);
  const load = db.prepare(`SELECT ${list} FROM ${table} WHERE id = ?`);
  const page = db.prepare(`SELECT ${list} FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
  const remove = db.prepare(`DELETE FROM ${table} WHERE id = ?`);
  const count = db.prepare(`SELECT count(*) AS n FROM ${table}`);
  const updateOf = updateStatements(db, model.table);

  const valuesOf = (row: RelationalRow, names: readonly string[]): Cell[] => names.map((name) => cellOf(row, name));

  return {
    load: (id) => rowOf(load.get(id)),
    insert(row) {
      insert.run(row.id, ...valuesOf(row, columns));
    },
    update(before, after) {
      const changed = columns.filter((column) => before[column] !== after[column]);
      if (changed.length === 0) return;
      if (updateOf(changed).run(...valuesOf(after, changed), after.id).changes === 0) throw new RowMissing(after.id);
    },
    remove(row) {
      if (remove.run(row.id).changes === 0) throw new RowMissing(row.id);
    },
    page: (beyondId, limit) => page.all(beyondId, limit).flatMap((row) => rowOf(row) ?? []),
    count: () => Number(count.get()?.['n']),
  };
}

function cellOf(row: RelationalRow, column: string): Cell {
  const value = row[column];
  if (value === undefined) throw new TypeError(`row ${row.id} has no ${column}`);
  return value;
}

function rowOf(row: Record<string, unknown> | undefined): RelationalRow | undefined {
  // STRICT tables hold what their columns say: text, numbers and nulls.
  return row === undefined ? undefined : ({ ...row } as RelationalRow);
}
