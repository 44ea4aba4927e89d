import type { Collection, Db } from 'mongodb';
import type { CatalogueEntry } from '../../../ports/read-stores.ts';
import type { CollectionNames } from './names.ts';
import { persist } from './persist.ts';
import { CommitUnknown, transaction } from './transaction.ts';

type StoredEntry = CatalogueEntry & { readonly _id: string };

/** Entries that cannot be understood are left out: their models are built anew, which loses nothing. */
export async function readCatalogue(db: Db, names: CollectionNames): Promise<ReadonlyMap<string, CatalogueEntry>> {
  const found = await entriesIn(db, names).find().toArray();
  return new Map(
    found.flatMap(({ _id, live, previous, schemaVersion }) =>
      [live, previous ?? 0, schemaVersion].every(Number.isSafeInteger)
        ? [[_id, { live, previous, schemaVersion }] as const]
        : [],
    ),
  );
}

/** Replaces models' entries in one transaction. */
export async function writeCatalogue(
  db: Db,
  names: CollectionNames,
  entries: ReadonlyMap<string, CatalogueEntry>,
): Promise<void> {
  if (entries.size === 0) return;
  const operations = [...entries].map(([_id, { live, previous, schemaVersion }]) => ({
    replaceOne: { filter: { _id }, replacement: { live, previous, schemaVersion }, upsert: true },
  }));
  await db.client.withSession({ causalConsistency: false }, (session) =>
    persist(async () => {
      try {
        await transaction(session, async () => {
          await entriesIn(db, names).bulkWrite(operations, { session });
        });
      } catch (error) {
        // Written or not: writing it twice is writing it once.
        throw error instanceof CommitUnknown ? error.failure : error;
      }
    }),
  );
}

function entriesIn(db: Db, names: CollectionNames): Collection<StoredEntry> {
  return db.collection<StoredEntry>(names.catalogue);
}
