import type { AnyBulkWriteOperation, ClientSession, Collection } from 'mongodb';
import type { DocumentModel, DocumentRow, RowChange } from '../../../ports/read-model.ts';
import { indexedFields, storedDocument, type StoredDocument } from './document-rows.ts';

/** A row that was to be changed is not there: whoever computed the change went by something else than this store. */
export class RowMissing extends Error {
  override readonly name = 'RowMissing';
}

/** Writes of one model's documents. */
export interface RowWrites {
  /**
   * In the session's transaction.
   * @throws RowMissing; MongoError, also when a row that is to be added is there; Error a row is too large
   */
  write(collection: Collection<StoredDocument>, changes: Changes, session: ClientSession): Promise<void>;
  /**
   * Looks at all rows before any is written, which is for whoever has the answer to do, without a transaction: what
   * fails then may be done in part. `again`: some of it may be there already.
   * @throws Error a row is too large
   */
  prepare(changes: Changes): (collection: Collection<StoredDocument>, again: boolean) => Promise<void>;
}

type Changes = readonly RowChange<DocumentRow>[];
type Operation = AnyBulkWriteOperation<StoredDocument>;

export function rowWrites(model: DocumentModel): RowWrites {
  const fields = indexedFields(model);

  function operations(changes: Changes, upsert: boolean): Operation[] {
    const inserts: Operation[] = [];
    const replacements: Operation[] = [];
    const removed: string[] = [];
    for (const { id, before, after } of changes) {
      if (after === undefined) {
        if (before !== undefined) removed.push(id);
        continue;
      }
      const stored = storedDocument(after, fields);
      const { _id, ...replacement } = stored;
      if (before === undefined && !upsert) inserts.push({ insertOne: { document: stored } });
      else replacements.push({ replaceOne: { filter: { _id }, replacement, upsert } });
    }
    // Those of one kind together are one command.
    const removal: Operation[] = removed.length > 0 ? [{ deleteMany: { filter: { _id: { $in: removed } } } }] : [];
    return [...removal, ...inserts, ...replacements];
  }

  return {
    async write(collection, changes, session) {
      const all = operations(changes, false);
      if (all.length === 0) return;
      const { matchedCount, deletedCount } = await collection.bulkWrite(all, { session, ordered: true });
      const changed = changes.filter(({ before }) => before !== undefined);
      if (matchedCount + deletedCount !== changed.length) throw await missingOf(collection, changed);
    },
    prepare(changes) {
      const first = operations(changes, false);
      return async (collection, again) => {
        const all = again ? operations(changes, true) : first;
        if (all.length > 0) await collection.bulkWrite(all, { ordered: again });
      };
    },
  };
}

/** What tells the reader of a log which row it was: asked outside of the transaction, which has changed some of them. */
async function missingOf(collection: Collection<StoredDocument>, changed: Changes): Promise<RowMissing> {
  const ids = changed.map(({ id }) => id);
  const found = await collection.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray();
  const there = new Set(found.map(({ _id }) => _id));
  const missing = ids.find((id) => !there.has(id));
  return new RowMissing(
    missing === undefined
      ? `the rows to change, ${String(ids[0])} among them, are not as they were read`
      : `there is no row ${missing} to change`,
  );
}
