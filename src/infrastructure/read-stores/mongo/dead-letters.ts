import type { AnyBulkWriteOperation, ClientSession, Collection, Db } from 'mongodb';
import type { DeadLetter, ModelChange } from '../../../ports/read-model.ts';
import type { CollectionNames } from './names.ts';
import { QUESTION_MS } from './row-reads.ts';

type StoredLetter = DeadLetter & { readonly model: string; readonly version: number };

/** The dead letters of one version of a model. */
export interface DeadLetters {
  /** In the session's transaction, where there is one. */
  write(db: Db, change: Pick<ModelChange<never>, 'park' | 'resolve'>, session?: ClientSession): Promise<void>;
  all(db: Db): Promise<readonly DeadLetter[]>;
}

export function deadLetters(names: CollectionNames, model: string, version: number): DeadLetters {
  const letters = (db: Db): Collection<StoredLetter> => db.collection<StoredLetter>(names.deadLetters);
  const ours = { model, version };
  return {
    async write(db, { park = [], resolve = [] }, session) {
      const operations: AnyBulkWriteOperation<StoredLetter>[] = [
        ...resolve.map(({ stream, through }) => ({
          deleteMany: { filter: { ...ours, stream, position: { $lte: through } } },
        })),
        ...park.map(({ stream, position, type, error, attempts, parkedAt }) => ({
          replaceOne: {
            filter: { ...ours, stream, position },
            replacement: { ...ours, stream, position, type, error, attempts, parkedAt },
            upsert: true,
          },
        })),
      ];
      if (operations.length > 0)
        await letters(db).bulkWrite(operations, { ordered: true, ...(session && { session }) });
    },
    async all(db) {
      const sort = { position: 1, stream: 1 } as const;
      const projection = { _id: 0, model: 0, version: 0 } as const;
      const found = await letters(db).find(ours, { sort, projection, maxTimeMS: QUESTION_MS }).toArray();
      return found.map(({ stream, position, type, error, attempts, parkedAt }) => ({
        stream,
        position,
        type,
        error,
        attempts,
        parkedAt,
      }));
    },
  };
}
