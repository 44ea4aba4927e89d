import type { Collection, Db } from 'mongodb';
import type { DocumentRow } from '../../../ports/read-model.ts';
import { documentOf, type StoredDocument } from './document-rows.ts';

/** Ids in one question. */
const TOGETHER = 1_000;
/** Rows read at a time when all are read. */
const PAGE = 500;
/** A question that takes longer is given up by the server, in milliseconds. */
export const QUESTION_MS = 10_000;

const PROJECTION = { _id: 0, document: 1 } as const;

/** Runs a question, whatever there is to do before and after each. */
export type Ask = <Result>(question: (db: Db) => Promise<Result>) => Promise<Result>;

/** Reads of one collection of documents. */
export interface RowReads {
  load(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, DocumentRow>>;
  count(db: Db): Promise<number>;
  /** Page by page, in byte order of the ids, which is what collections without a collation have. */
  all(ask: Ask): AsyncGenerator<DocumentRow>;
}

export function rowReads(name: string): RowReads {
  const rowsIn = (db: Db): Collection<StoredDocument> => db.collection<StoredDocument>(name);

  return {
    async load(db, ids) {
      const found = new Map<string, DocumentRow>();
      for (let from = 0; from < ids.length; from += TOGETHER) {
        const filter = { _id: { $in: ids.slice(from, from + TOGETHER) } };
        const rows = rowsIn(db).find(filter, { projection: PROJECTION, batchSize: TOGETHER, maxTimeMS: QUESTION_MS });
        for await (const stored of rows) {
          const row = documentOf(stored);
          found.set(row.id, row);
        }
      }
      return found;
    },
    count: (db) => rowsIn(db).countDocuments({}, { maxTimeMS: QUESTION_MS }),
    async *all(ask) {
      let beyond: string | undefined;
      for (;;) {
        const filter = beyond === undefined ? {} : { _id: { $gt: beyond } };
        const page = await ask((db) =>
          rowsIn(db)
            .find(filter, { sort: { _id: 1 }, limit: PAGE, batchSize: PAGE, maxTimeMS: QUESTION_MS })
            .toArray(),
        );
        for (const stored of page) yield documentOf(stored);
        beyond = page.at(-1)?._id;
        if (beyond === undefined) return;
      }
    },
  };
}
