import type { Db } from 'mongodb';
import { hasCode } from './failure.ts';
import type { CollectionNames } from './names.ts';

const NAMESPACE_EXISTS = 48;

export interface MongoMigration {
  readonly name: string;
  /** May be begun again, and be run by two processes at once. */
  run(db: Db, names: CollectionNames): Promise<void>;
}

/**
 * Everything beside the models' own collections, in the order in which it came. A migration that was published never
 * changes; what comes next is a new one.
 */
export const migrations: readonly MongoMigration[] = [
  { name: '0001_catalogue', run: (db, names) => createCollection(db, names.catalogue) },
  {
    name: '0002_versions',
    async run(db, names) {
      await createCollection(db, names.versions);
      await db.collection(names.versions).createIndexes([
        { key: { model: 1, version: 1 }, name: 'by_model', unique: true },
        { key: { collection: 1 }, name: 'by_collection', unique: true },
      ]);
      await createCollection(db, names.writers);
    },
  },
  {
    name: '0003_dead_letters',
    async run(db, names) {
      await createCollection(db, names.deadLetters);
      await db
        .collection(names.deadLetters)
        .createIndexes([{ key: { model: 1, version: 1, position: 1, stream: 1 }, name: 'by_event', unique: true }]);
    },
  },
];

/** Beforehand, because transactions on older servers cannot make collections. */
async function createCollection(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name);
  } catch (error) {
    if (!hasCode(error, NAMESPACE_EXISTS)) throw error;
  }
}
