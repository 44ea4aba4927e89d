import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collection, Db } from 'mongodb';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { hasCode, unfit } from './failure.ts';
import { migrations } from './migrations.ts';
import type { CollectionNames } from './names.ts';

const DUPLICATE_KEY = 11_000;

/** Whoever migrates has the lock for so long, by the server's clock; a process that was killed keeps it no longer. */
const LOCKED_MS = 60_000;
/** How long another process is waited for. */
const PATIENCE_MS = 15_000;
const ASK_EVERY_MS = 100;

/** In one collection: what has run, by name, and the lock. */
interface Entry {
  readonly _id: string;
  readonly at?: Date;
  readonly holder?: string;
  readonly until?: Date;
}

const LOCK = 'lock';

/**
 * Names of the migrations that the database lacks, in their order. Changes nothing.
 * @throws EngineUnfit it has some that this program does not know; MongoError
 */
export async function pendingMigrations(db: Db, names: CollectionNames): Promise<readonly string[]> {
  const entries = await entriesIn(db, names).find().toArray();
  const done = new Set(entries.map(({ _id }) => _id).filter((name) => name !== LOCK));
  const known = migrations.map(({ name }) => name);
  const unknown = [...done].filter((name) => !known.includes(name)).sort();
  if (unknown.length > 0) {
    throw unfit(
      `the database is newer than this program, which does not know its migrations ${unknown.join(', ')}: ` +
        'run the newer program, or take another database or prefix',
    );
  }
  return known.filter((name) => !done.has(name));
}

/**
 * Brings the database to what this program needs, one process at a time. Answers the names of what ran.
 * @throws EngineUnfit; StoreUnavailable another process does not come to an end; MongoError
 */
export async function migrate(db: Db, names: CollectionNames): Promise<readonly string[]> {
  if ((await pendingMigrations(db, names)).length === 0) return [];
  const entries = entriesIn(db, names);
  const holder = randomUUID();
  await lock(entries, holder);
  try {
    const pending = await pendingMigrations(db, names);
    for (const migration of migrations) {
      if (!pending.includes(migration.name)) continue;
      await migration.run(db, names);
      await entries.updateOne({ _id: migration.name }, { $setOnInsert: { at: new Date() } }, { upsert: true });
    }
    return pending;
  } finally {
    await entries.updateOne({ _id: LOCK, holder }, { $set: { until: new Date(0) } });
  }
}

async function lock(entries: Collection<Entry>, holder: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    // An expression cannot stand in the filter of an upsert, so the lock is there first, and free.
    await insertLock(entries);
    const { matchedCount } = await entries.updateOne({ _id: LOCK, $expr: { $lt: ['$until', '$$NOW'] } }, [
      { $set: { holder, until: { $add: ['$$NOW', LOCKED_MS] } } },
    ]);
    if (matchedCount === 1) return;
    if (performance.now() > end) throw new StoreUnavailable('another process is migrating the database of MongoDB');
    await sleep(ASK_EVERY_MS);
  }
}

async function insertLock(entries: Collection<Entry>): Promise<void> {
  try {
    await entries.updateOne({ _id: LOCK }, { $setOnInsert: { until: new Date(0) } }, { upsert: true });
  } catch (error) {
    if (!hasCode(error, DUPLICATE_KEY)) throw error;
  }
}

function entriesIn(db: Db, names: CollectionNames): Collection<Entry> {
  return db.collection<Entry>(names.migrations);
}
