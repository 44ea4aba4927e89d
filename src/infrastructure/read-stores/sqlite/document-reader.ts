import type { DatabaseSync } from 'node:sqlite';
import type { DocumentModel } from '../../../ports/read-model.ts';
import type { DocumentReader } from '../../../ports/read-stores.ts';
import { documentOf, fieldColumn, indexedFields } from './document-rows.ts';
import { readFailure } from './failure.ts';
import { identifier } from './identifier.ts';
import { statementCache } from './statement-cache.ts';

/** Documents by id, or by equality on top-level fields; fields that no index names are found too, by reading them all. */
export function documentReader(name: string, db: DatabaseSync, model: DocumentModel): DocumentReader {
  const prepare = statementCache(db);
  const table = identifier(model.collection);
  const indexed = new Set(indexedFields(model));

  function column(field: string): string {
    if (field === 'id') return 'id';
    if (indexed.has(field)) return identifier(fieldColumn(field));
    return `json_extract(document, '$.${identifier(field)}')`;
  }

  return {
    kind: 'documents',
    async get(id) {
      try {
        const row = prepare(`SELECT document FROM ${table} WHERE id = ?`).get(id);
        return row && documentOf(row);
      } catch (error) {
        throw readFailure(name, error);
      }
    },
    async find({ equals, sort = [], limit }) {
      const conditions = Object.keys(equals).map((field) => `${column(field)} = ?`);
      const order = [...sort.map(({ field, direction }) => `${column(field)} ${direction}`), 'id'];
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const sql = `SELECT document FROM ${table} ${where} ORDER BY ${order.join(', ')} LIMIT ?`;
      try {
        return prepare(sql)
          .all(...Object.values(equals), limit)
          .map(documentOf);
      } catch (error) {
        throw readFailure(name, error);
      }
    },
  };
}
