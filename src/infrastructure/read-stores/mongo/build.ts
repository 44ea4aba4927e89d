import { MongoNetworkTimeoutError, type Db } from 'mongodb';
import {
  CheckpointMoved,
  type AnyRow,
  type DocumentModel,
  type DocumentRow,
  type ModelChange,
  type RowChange,
} from '../../../ports/read-model.ts';
import type { ModelBuild } from '../../../ports/read-stores.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { deadLetters } from './dead-letters.ts';
import { indexesOf, type StoredDocument } from './document-rows.ts';
import { persist } from './persist.ts';
import type { MongoPlace } from './place.ts';
import { rowReads } from './row-reads.ts';
import { rowWrites } from './row-writes.ts';
import { finishVersion, type OpenVersion } from './versions.ts';

/** The indexes of a large collection take longer than a connection waits for an answer. */
const INDEXES_MS = 1_800_000;

/**
 * A version that is being filled: by one writer, read by nobody, thrown away after a crash. So changes need no
 * transactions, and the checkpoint stands here until the end. Each is on the disks of a majority all the same: what a
 * primary alone has is lost when another takes its place, and nobody would see that the version lacks it.
 */
export function createBuild(place: MongoPlace, model: DocumentModel, version: OpenVersion): ModelBuild {
  const { names } = place;
  const reads = rowReads(version.collection);
  const writes = rowWrites(model);
  const letters = deadLetters(names, version.model, version.version);
  let position = 0;
  /** A change was begun and has not come to its end: what is there now is no state of the model. */
  let isTorn = false;
  let isClosed = false;

  async function work<Result>(what: string, task: (db: Db) => Promise<Result>): Promise<Result> {
    if (isClosed) throw new Error(`version ${version.version} of ${version.model} is closed`);
    if (isTorn) {
      throw new StoreUnavailable(`a change of the read model ${version.model} was made in part: build it anew`);
    }
    return place.work(`the read model ${version.model} cannot be ${what}`, task);
  }

  async function write(db: Db, change: ModelChange<AnyRow>): Promise<void> {
    if (change.from !== position) {
      throw new CheckpointMoved(`the checkpoint of ${version.model} is ${position}, not ${change.from}`);
    }
    // A document model's rows come from its own projection.
    const load = writes.prepare(change.rows as readonly RowChange<DocumentRow>[]);
    let again = false;
    isTorn = true;
    await persist(place.connection.patienceMs, async () => {
      const isAgain = again;
      again = true;
      await load(db.collection<StoredDocument>(version.collection), isAgain);
      await letters.write(db, change);
    });
    isTorn = false;
    position = change.to;
  }

  return {
    store: {
      isRemote: true,
      checkpoint: async () => position,
      load: (ids) => work('read', (db) => reads.load(db, ids)),
      apply: (change) => work('written', (db) => write(db, change)),
      deadLetters: () => work('read', (db) => letters.all(db)),
      rows: () => reads.all((question) => work('read', question)),
      count: () => work('read', (db) => reads.count(db)),
      async close() {
        isClosed = true;
      },
    },
    async finish() {
      await work('finished', async (db) => {
        await addIndexes(db, model, version.collection, place.connection.patienceMs);
        await finishVersion(db, names, version, position);
      });
      isClosed = true;
    },
  };
}

/** Makes all secondary indexes in one pass over the documents. One that is being made already is waited for. */
export async function addIndexes(db: Db, model: DocumentModel, collection: string, patienceMs: number): Promise<void> {
  const indexes = indexesOf(model);
  const end = performance.now() + INDEXES_MS;
  while (indexes.length > 0) {
    try {
      await persist(patienceMs, () => db.collection(collection).createIndexes(indexes));
      return;
    } catch (error) {
      if (!(error instanceof MongoNetworkTimeoutError) || performance.now() > end) throw error;
    }
  }
}
