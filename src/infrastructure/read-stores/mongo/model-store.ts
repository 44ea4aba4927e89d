import { randomUUID } from 'node:crypto';
import type { ClientSession, Db } from 'mongodb';
import {
  CheckpointMoved,
  type AnyRow,
  type DocumentModel,
  type DocumentRow,
  type ModelChange,
  type ModelStore,
  type RowChange,
} from '../../../ports/read-model.ts';
import { deadLetters } from './dead-letters.ts';
import type { StoredDocument } from './document-rows.ts';
import { persist } from './persist.ts';
import type { MongoPlace } from './place.ts';
import { rowReads, type Ask } from './row-reads.ts';
import { rowWrites } from './row-writes.ts';
import { CommitUnknown, transaction } from './transaction.ts';
import { stateOf, versionsIn, whileOpen, type OpenVersion } from './versions.ts';
import { takeOver } from './writers.ts';

/** The writer's side of one version of a model. Changes are made one after the other. */
export function createModelStore(place: MongoPlace, model: DocumentModel, version: OpenVersion): ModelStore<AnyRow> {
  const { names } = place;
  const reads = rowReads(version.collection);
  const writes = rowWrites(model);
  const letters = deadLetters(names, version.model, version.version);
  let line: Promise<void> = Promise.resolve();
  /** The one session of all changes: each transaction ends the one before it, whatever became of that. */
  let session: ClientSession | undefined;
  /** What was being committed when the answer failed to come, and nobody has learned since whether it was. */
  let unsettled: string | undefined;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new Error(`version ${version.version} of ${version.model} is closed`);
  }

  function reading<Result>(read: (db: Db) => Promise<Result>): Promise<Result> {
    requireOpen();
    return place.work(`the read model ${version.model} cannot be read`, read);
  }

  /** What a version that is gone would answer is not an answer. */
  const asking: Ask = (question) =>
    reading(async (db) => {
      const answer = await question(db);
      await stateOf(db, names, version);
      return answer;
    });

  async function writer(db: Db): Promise<ClientSession> {
    if (session !== undefined) return session;
    const fresh = (await place.connection.client()).startSession({ causalConsistency: false });
    try {
      await takeOver(db, names, version._id, fresh);
    } catch (error) {
      await fresh.endSession();
      throw error;
    }
    session = fresh;
    return fresh;
  }

  /** Whether this very change was committed after all. @throws CheckpointMoved an earlier one was */
  async function wasWritten(db: Db, within: ClientSession, writeId: string): Promise<boolean> {
    if (unsettled === undefined) return false;
    const last = (await stateOf(db, names, version, within)).writeId;
    const [asked, isWritten] = [unsettled, last === unsettled];
    unsettled = undefined;
    if (isWritten && asked !== writeId) {
      throw new CheckpointMoved(`an earlier change of ${version.model} was written after all`);
    }
    return isWritten;
  }

  async function write(db: Db, change: ModelChange<AnyRow>, writeId: string): Promise<void> {
    const within = await writer(db);
    await transaction(within, async () => {
      if (await wasWritten(db, within, writeId)) return;
      const { from, to } = change;
      const { matchedCount } = await versionsIn(db, names).updateOne(
        { ...whileOpen(version), position: from },
        { $set: { position: to, writeId } },
        { session: within },
      );
      if (matchedCount !== 1) {
        await stateOf(db, names, version, within);
        throw new CheckpointMoved(`the checkpoint of ${version.model} is no longer ${from}`);
      }
      // A document model's rows come from its own projection.
      const rows = change.rows as readonly RowChange<DocumentRow>[];
      await writes.write(db.collection<StoredDocument>(version.collection), rows, within);
      await letters.write(db, change, within);
    });
  }

  function writeAtLast(db: Db, change: ModelChange<AnyRow>): Promise<void> {
    const writeId = randomUUID();
    return persist(place.connection.patienceMs, async () => {
      try {
        await write(db, change, writeId);
      } catch (error) {
        if (!(error instanceof CommitUnknown)) throw error;
        // The next transaction of this session begins by finding out.
        unsettled = writeId;
        throw error.failure;
      }
    });
  }

  return {
    isRemote: true,
    checkpoint: () => reading(async (db) => (await stateOf(db, names, version)).position),
    load: (ids) => reading((db) => reads.load(db, ids)),
    apply(change) {
      const turn = line.then(() => {
        requireOpen();
        return place.work(`the read model ${version.model} cannot be written`, (db) => writeAtLast(db, change));
      });
      // The line goes on whatever became of this turn; who asked for the turn learns it.
      line = turn.catch(() => undefined);
      return turn;
    },
    deadLetters: () => asking((db) => letters.all(db)),
    rows: () => reads.all(asking),
    count: () => asking((db) => reads.count(db)),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await line;
      await session?.endSession();
    },
  };
}
