import type { DatabaseSync } from 'node:sqlite';
import type { DocumentModel, DocumentRow } from '../../../ports/read-model.ts';
import { identifier, indexStatements } from './identifier.ts';
import { RowMissing, type RowStatements, type RowTable } from './row-table.ts';

/** The column that holds a field which an index names. */
export function fieldColumn(field: string): string {
  return `f_${field}`;
}

export function indexedFields(model: DocumentModel): readonly string[] {
  return [...new Set(model.indexes.flat())].filter((field) => field !== 'id');
}

const columnOf = (field: string): string => (field === 'id' ? 'id' : fieldColumn(field));

/**
 * Documents as JSON text. Fields that indexes name stand in columns of their own besides, filled by the writer, who has
 * the document in hand: generated columns would parse its JSON again for each of them.
 */
export function documentRows(model: DocumentModel): RowTable<DocumentRow> {
  const fields = indexedFields(model);
  const definitions = [
    'id TEXT PRIMARY KEY NOT NULL',
    ...fields.map((field) => `${identifier(fieldColumn(field))} ANY`),
    'document TEXT NOT NULL',
  ];
  return {
    tables: [`CREATE TABLE ${identifier(model.collection)} (${definitions.join(', ')}) STRICT`],
    indexes: indexStatements(
      model.collection,
      model.indexes.map((index) => index.map(columnOf)),
    ),
    tidy: [],
    prepare: (db) => statements(db, model.collection, fields),
  };
}

function statements(db: DatabaseSync, collection: string, fields: readonly string[]): RowStatements<DocumentRow> {
  const table = identifier(collection);
  const columns = [...fields.map(fieldColumn), 'document'].map(identifier);
  const insert = db.prepare(
    `INSERT INTO ${table} (id, ${columns.join(', ')}) VALUES (?, ${columns.map(() => '?').join(', ')})`,
  );
  const update = db.prepare(`UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`);
  const load = db.prepare(`SELECT document FROM ${table} WHERE id = ?`);
  const page = db.prepare(`SELECT document FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
  const remove = db.prepare(`DELETE FROM ${table} WHERE id = ?`);
  const count = db.prepare(`SELECT count(*) AS n FROM ${table}`);
  const cells = (row: DocumentRow): (string | number | null)[] => [
    ...fields.map((field) => indexable(row[field])),
    JSON.stringify(row),
  ];
  return {
    load(id) {
      const row = load.get(id);
      return row && documentOf(row);
    },
    insert: (row) => void insert.run(row.id, ...cells(row)),
    update(_before, after) {
      if (update.run(...cells(after), after.id).changes === 0) throw new RowMissing(after.id);
    },
    remove(row) {
      if (remove.run(row.id).changes === 0) throw new RowMissing(row.id);
    },
    page: (beyondId, limit) => page.all(beyondId, limit).map(documentOf),
    count: () => Number(count.get()?.['n']),
  };
}

/** What equality and order are defined for; anything else is as good as absent to an index. */
function indexable(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

/** The document of a row that was selected with its column of that name. */
export function documentOf(row: Record<string, unknown>): DocumentRow {
  // Written by `cells`, from a document.
  return JSON.parse(String(row['document'])) as DocumentRow;
}
