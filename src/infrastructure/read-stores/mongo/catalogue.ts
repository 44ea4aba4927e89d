import type { Collection, Db } from 'mongodb';
import type { CatalogueEntry } from '../../../ports/read-stores.ts';
import type { CollectionNames } from './names.ts';

interface StoredEntry extends CatalogueEntry {
  readonly model: string;
}

/** All entries in one document, because a document is changed as a whole. */
interface StoredCatalogue {
  readonly _id: string;
  readonly entries: readonly StoredEntry[];
}

const ID = 'catalogue';

/** Entries that cannot be understood are left out: their models are built anew, which loses nothing. */
export async function readCatalogue(db: Db, names: CollectionNames): Promise<ReadonlyMap<string, CatalogueEntry>> {
  const found: { readonly entries?: unknown } | null = await catalogueIn(db, names).findOne({ _id: ID });
  const entries: readonly unknown[] = Array.isArray(found?.entries) ? found.entries : [];
  return new Map(
    entries.flatMap((entry) => {
      if (!isEntry(entry)) return [];
      const { model, live, previous, schemaVersion } = entry;
      return [[model, { live, previous, schemaVersion }] as const];
    }),
  );
}

/** Replaces models' entries, all at once, and leaves those that others may be writing. */
export async function writeCatalogue(
  db: Db,
  names: CollectionNames,
  entries: ReadonlyMap<string, CatalogueEntry>,
): Promise<void> {
  const added: StoredEntry[] = [...entries].map(([model, { live, previous, schemaVersion }]) => ({
    model,
    live,
    previous,
    schemaVersion,
  }));
  const replaced = { $in: ['$$this.model', { $literal: [...entries.keys()] }] };
  const kept = { $filter: { input: { $ifNull: ['$entries', []] }, as: 'this', cond: { $not: [replaced] } } };
  await catalogueIn(db, names).updateOne(
    { _id: ID },
    [{ $set: { entries: { $concatArrays: [kept, { $literal: added }] } } }],
    { upsert: true },
  );
}

function catalogueIn(db: Db, names: CollectionNames): Collection<StoredCatalogue> {
  return db.collection<StoredCatalogue>(names.catalogue);
}

function isEntry(value: unknown): value is StoredEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { model, live, previous, schemaVersion }: Partial<Record<keyof StoredEntry, unknown>> = value;
  return typeof model === 'string' && [live, previous ?? 0, schemaVersion].every(Number.isSafeInteger);
}
