import type { Db, Filter, Sort } from 'mongodb';
import type { DocumentModel, DocumentRow } from '../../../ports/read-model.ts';
import type { DocumentQuery } from '../../../ports/read-models.ts';
import type { DocumentReader } from '../../../ports/read-stores.ts';
import { documentOf, indexedFields, pathOf, type StoredDocument } from './document-rows.ts';
import { firstOf } from './first-of.ts';
import type { MongoPlace } from './place.ts';
import { QUESTION_MS } from './row-reads.ts';
import { stateOf, type OpenVersion } from './versions.ts';

/**
 * Documents by id, or by equality on top-level fields; fields that no index names are found too, by reading all that
 * the others leave.
 */
export function documentReader(place: MongoPlace, model: DocumentModel, version: OpenVersion): DocumentReader {
  const known = new Set(['id', ...indexedFields(model)]);
  const rowsIn = (db: Db) => db.collection<StoredDocument>(version.collection);

  /** A version that is gone would answer as if it were empty, and one made in its place is not filled yet. */
  function asking<Result>(question: (db: Db) => Promise<Result>): Promise<Result> {
    return place.work(`the read model ${version.model} cannot be read`, async (db) => {
      const answer = await question(db);
      await stateOf(db, place.names, version);
      return answer;
    });
  }

  return {
    kind: 'documents',
    get: (id) =>
      asking(async (db) => {
        const found = await rowsIn(db).findOne({ _id: { $eq: id } }, { maxTimeMS: QUESTION_MS });
        return found === null ? undefined : documentOf(found);
      }),
    async find(query) {
      const { equals, sort = [], limit } = query;
      const fields = [...Object.keys(equals), ...sort.map(({ field }) => field)];
      // All of them, also those that are compared here: none may be syntax anywhere.
      for (const field of fields) pathOf(field);
      if (limit <= 0) return [];
      const isKnown = fields.every((field) => known.has(field));
      return asking(async (db) => {
        const found = rowsIn(db).find(filterOf(query, known), { maxTimeMS: QUESTION_MS, allowDiskUse: true });
        if (!isKnown) return firstOf(documentsOf(found), query);
        return (await found.sort(sortOf(query)).limit(limit).toArray()).map(documentOf);
      });
    },
  };
}

/** Values stand behind an operator, so that none of them can be one. */
function filterOf({ equals }: DocumentQuery, known: ReadonlySet<string>): Filter<StoredDocument> {
  const conditions = Object.entries(equals).filter(([field]) => known.has(field));
  return Object.fromEntries(conditions.map(([field, value]) => [pathOf(field), { $eq: value }]));
}

/** Absent values come before numbers, and numbers before texts. Texts are in byte order. */
function sortOf({ sort = [] }: DocumentQuery): Sort {
  return new Map([
    ...sort.map(({ field, direction }) => [pathOf(field), direction === 'asc' ? 1 : -1] as const),
    ...(sort.some(({ field }) => field === 'id') ? [] : [['_id', 1] as const]),
  ]);
}

async function* documentsOf(stored: AsyncIterable<StoredDocument>): AsyncGenerator<DocumentRow> {
  for await (const each of stored) yield documentOf(each);
}
