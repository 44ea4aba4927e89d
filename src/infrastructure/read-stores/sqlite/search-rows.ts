import type { DatabaseSync } from 'node:sqlite';
import type { Cell, SearchModel, SearchRow } from '../../../ports/read-model.ts';
import { segment } from './cjk.ts';
import { cellOf, requireFields } from './cell.ts';
import { identifier, indexStatements } from './identifier.ts';
import { RowMissing, type RowStatements, type RowTable } from './row-table.ts';

const SQL_TYPES = { text: 'TEXT', integer: 'INTEGER' } as const;

/** The full-text index beside a search model's table. */
export function wordTable(model: SearchModel): string {
  return identifier(`${model.index}_words`);
}

/**
 * Entries in a plain table, their words in an FTS5 index that holds no text of its own: the text stands once, as it
 * was written, while the index has it segmented. `n` ties the two together.
 */
export function searchRows(model: SearchModel): RowTable<SearchRow> {
  const keywords = Object.entries(model.keywords).map(([name, type]) => `${identifier(name)} ${SQL_TYPES[type]}`);
  const columns = ['n INTEGER PRIMARY KEY', 'id TEXT UNIQUE NOT NULL', ...keywords, 'text TEXT'];
  const words = wordTable(model);
  return {
    tables: [
      `CREATE TABLE ${identifier(model.index)} (${columns.join(', ')}) STRICT`,
      `CREATE VIRTUAL TABLE ${words} USING fts5 (
        text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2"
      )`,
    ],
    indexes: indexStatements(model.index, model.indexes),
    tidy: [`INSERT INTO ${words} (${words}) VALUES ('optimize')`],
    prepare: (db) => statements(db, model),
  };
}

function statements(db: DatabaseSync, model: SearchModel): RowStatements<SearchRow> {
  const keywords = Object.keys(model.keywords);
  const table = identifier(model.index);
  const words = wordTable(model);
  const columns = [...keywords, 'text'].map(identifier);
  const insert = db.prepare(
    `INSERT INTO ${table} (id, ${columns.join(', ')}) VALUES (?, ${columns.map(() => '?').join(', ')})`,
  );
  const update = db.prepare(
    `UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ? RETURNING n`,
  );
  const remove = db.prepare(`DELETE FROM ${table} WHERE id = ? RETURNING n`);
  const load = db.prepare(`SELECT id, ${columns.join(', ')} FROM ${table} WHERE id = ?`);
  const page = db.prepare(`SELECT id, ${columns.join(', ')} FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
  const count = db.prepare(`SELECT count(*) AS n FROM ${table}`);
  const insertWords = db.prepare(`INSERT INTO ${words} (rowid, text) VALUES (?, ?)`);
  const removeWords = db.prepare(`DELETE FROM ${words} WHERE rowid = ?`);

  const cells = (row: SearchRow): Cell[] => {
    requireFields(row.id, row, 3);
    requireFields(row.id, row.keywords, keywords.length);
    const values = keywords.map((name) => cellOf(row.id, name, model.keywords[name] ?? 'text', row.keywords[name]));
    return [...values, cellOf(row.id, 'text', 'text', row.text)];
  };
  const rowOf = (row: Record<string, unknown>): SearchRow => ({
    id: String(row['id']),
    text: row['text'] as string | null,
    keywords: Object.fromEntries(keywords.map((name) => [name, row[name] as Cell])),
  });
  return {
    load(id) {
      const row = load.get(id);
      return row && rowOf(row);
    },
    insert(row) {
      const { lastInsertRowid } = insert.run(row.id, ...cells(row));
      if (row.text !== null) insertWords.run(lastInsertRowid, segment(row.text));
    },
    update(before, after) {
      const n = numberOf(after.id, update.get(...cells(after), after.id));
      if (before.text === after.text) return;
      if (before.text !== null) removeWords.run(n);
      if (after.text !== null) insertWords.run(n, segment(after.text));
    },
    remove(row) {
      const n = numberOf(row.id, remove.get(row.id));
      if (row.text !== null) removeWords.run(n);
    },
    page: (beyondId, limit) => page.all(beyondId, limit).map(rowOf),
    count: () => Number(count.get()?.['n']),
  };
}

function numberOf(id: string, written: Record<string, unknown> | undefined): number {
  if (written === undefined) throw new RowMissing(id);
  return Number(written['n']);
}
