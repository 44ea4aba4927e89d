import type { DatabaseSync } from 'node:sqlite';
import type { Cell, SearchModel, SearchRow } from '../../../ports/read-model.ts';
import { segment } from '../words/cjk.ts';
import { identifier, indexStatements } from './identifier.ts';
import { updateStatements } from './update-statements.ts';
import { RowMissing, type RowStatements, type RowTable } from './row-table.ts';

const SQL_TYPES = { text: 'TEXT', integer: 'INTEGER' } as const;

/** The full-text index beside a search model's table. */
export function wordTable(model: SearchModel): string {
  return identifier(`${model.index}_words`);
}

/** The column that ties an entry to its words: the ordinal where there is one, so that its order is the table's own. */
export function keyColumn(model: SearchModel): string {
  return identifier(model.ordinal ?? 'n');
}

/**
 * Entries in a plain table, their words in an FTS5 index that holds no text of its own: the text stands once, as it
 * was written, while the index has it segmented.
 */
export function searchRows(model: SearchModel): RowTable<SearchRow> {
  const { ordinal } = model;
  if (ordinal !== undefined && model.keywords[ordinal] !== 'integer') {
    throw new TypeError(`the ordinal ${ordinal} of ${model.index} is no integer keyword`);
  }
  const keywords = Object.entries(model.keywords).map(([name, type]) => `${identifier(name)} ${SQL_TYPES[type]}`);
  const key = `${keyColumn(model)} INTEGER PRIMARY KEY`;
  const columns = [
    key,
    'id TEXT UNIQUE NOT NULL',
    ...keywords.filter((column) => !key.startsWith(column)),
    'text TEXT',
  ];
  const words = wordTable(model);
  return {
    tables: [
      `CREATE TABLE ${identifier(model.index)} (${columns.join(', ')}) STRICT`,
      `CREATE VIRTUAL TABLE ${words} USING fts5 (
        text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2"
      )`,
    ],
    indexes: indexStatements(model.index, usefulIndexes(model)),
    tidy: [`INSERT INTO ${words} (${words}) VALUES ('optimize')`],
    prepare: (db) => statements(db, model),
  };
}

/** Every index ends in the table's key anyway, and the key alone needs none. */
function usefulIndexes({ indexes, ordinal }: SearchModel): readonly (readonly string[])[] {
  return indexes
    .map((index) => (index.at(-1) === ordinal ? index.slice(0, -1) : index))
    .filter((index) => index.length > 0);
}

function statements(db: DatabaseSync, model: SearchModel): RowStatements<SearchRow> {
  const keywords = Object.keys(model.keywords);
  const table = identifier(model.index);
  const key = keyColumn(model);
  const words = wordTable(model);
  const columns = [...keywords, 'text'].map(identifier);
  const list = columns.join(', ');
  const insert = db.prepare(`INSERT INTO ${table} (id, ${list}) VALUES (?, ${columns.map(() => '?').join(', ')})`);
  const updateOf = updateStatements(db, model.index);
  const numberOf = db.prepare(`SELECT ${key} AS n FROM ${table} WHERE id = ?`);
  const remove = db.prepare(`DELETE FROM ${table} WHERE id = ? RETURNING ${key} AS n`);
  const load = db.prepare(`SELECT id, ${list} FROM ${table} WHERE id = ?`);
  const page = db.prepare(`SELECT id, ${list} FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
  const count = db.prepare(`SELECT count(*) AS n FROM ${table}`);
  const insertWords = db.prepare(`INSERT INTO ${words} (rowid, text) VALUES (?, ?)`);
  const removeWords = db.prepare(`DELETE FROM ${words} WHERE rowid = ?`);

  const cells = (row: SearchRow, names: readonly string[]): Cell[] => names.map((name) => keywordOf(row, name));
  const ordinalOf = (row: SearchRow): Cell => (model.ordinal === undefined ? 0 : (row.keywords[model.ordinal] ?? null));
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
      const { lastInsertRowid } = insert.run(row.id, ...cells(row, keywords), row.text);
      if (row.text !== null) insertWords.run(lastInsertRowid, segment(row.text));
    },
    update(before, after) {
      if (ordinalOf(before) !== ordinalOf(after)) throw new TypeError(`the ordinal of entry ${after.id} has changed`);
      const changed = keywords.filter((name) => before.keywords[name] !== after.keywords[name]);
      const values = cells(after, changed);
      const reworded = before.text !== after.text;
      if (reworded) values.push(after.text);
      if (values.length === 0) return;
      const columns = reworded ? [...changed, 'text'] : changed;
      if (updateOf(columns).run(...values, after.id).changes === 0) throw new RowMissing(after.id);
      if (!reworded) return;
      const n = Number(numberOf.get(after.id)?.['n']);
      if (before.text !== null) removeWords.run(n);
      if (after.text !== null) insertWords.run(n, segment(after.text));
    },
    remove(row) {
      const removed = remove.get(row.id);
      if (removed === undefined) throw new RowMissing(row.id);
      if (row.text !== null) removeWords.run(Number(removed['n']));
    },
    page: (beyondId, limit) => page.all(beyondId, limit).map(rowOf),
    count: () => Number(count.get()?.['n']),
  };
}

function keywordOf(row: SearchRow, name: string): Cell {
  const value = row.keywords[name];
  if (value === undefined) throw new TypeError(`entry ${row.id} has no keyword ${name}`);
  return value;
}
