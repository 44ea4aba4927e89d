import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CheckpointMoved,
  type AnyRow,
  type ModelChange,
  type ModelStore,
  type RelationalModel,
  type RelationalRow,
  type RowChange,
} from '../../../ports/read-model.ts';
import { ModelUnusable, type ModelDefinition } from '../../../ports/read-stores.ts';
import { deadLetterTable } from './dead-letters.ts';
import { isMissingTable, mayPass, readFailure, writeFailure } from './failure.ts';
import { literal } from './literal.ts';
import { quoted } from './names.ts';
import type { SqlPlace } from './place.ts';
import type { SqlSession } from './pool.ts';
import { rowReads } from './row-reads.ts';
import { rowWrites } from './row-writes.ts';
import { CommitUnknown, transaction } from './transaction.ts';
import { isVersion } from './versions.ts';

/** Before the next try, so that two who were in each other's way do not meet again. */
const PAUSE_MS = 30;

export interface StoreOptions {
  readonly place: SqlPlace;
  readonly definition: ModelDefinition;
  readonly model: RelationalModel;
  readonly version: number;
  readonly table: string;
  /** The longest statement that the server takes, in bytes. */
  readonly maxPacket: number;
  /** Told once, when the store is closed. */
  readonly onClose?: () => void;
}

/** The writer's side of one version of a model. */
export function createModelStore(options: StoreOptions): ModelStore<AnyRow> {
  const { place, definition, model, version, table, maxPacket, onClose } = options;
  const { name } = definition;
  const versions = quoted(place.names.versions);
  const ours = isVersion(definition, version);
  const reads = rowReads(model, table);
  const writes = rowWrites(model, table, maxPacket);
  const letters = deadLetterTable(place.names, name, version);
  /** What was being committed when the connection to a server was lost that has not been back since. */
  let unsettled: string | undefined;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new Error(`version ${version} of ${name} is closed`);
  }

  async function reading<Result>(read: (session: SqlSession) => Promise<Result>): Promise<Result> {
    requireOpen();
    for (let tried = 1; ; tried++) {
      try {
        return await place.writers.session(read);
      } catch (error) {
        if (isMissingTable(error)) throw gone(error);
        if (!mayPass(error, tried)) throw readFailure(name, error);
      }
    }
  }

  const gone = (cause?: unknown): ModelUnusable =>
    new ModelUnusable(`version ${version} of ${name} is gone from the database`, { cause });

  async function state(
    session: SqlSession,
    lock = '',
  ): Promise<{ readonly position: number; readonly writeId: string }> {
    const { rows } = await session.run(`SELECT position, write_id FROM ${versions} WHERE ${ours} ${lock}`);
    const [row] = rows;
    if (row === undefined) throw gone();
    return { position: Number(row['position']), writeId: String(row['write_id']) };
  }

  /**
   * Takes the checkpoint from where the change was computed to where it leads. Everybody else who writes this version
   * waits behind this for the end of the transaction.
   */
  async function moveCheckpoint(
    session: SqlSession,
    { from, to }: ModelChange<AnyRow>,
    writeId: string,
  ): Promise<void> {
    const sql = `UPDATE ${versions} SET position = ${literal(to)}, write_id = ${literal(writeId)}
      WHERE ${ours} AND position = ${literal(from)}`;
    if ((await session.run(sql)).affected === 1) return;
    await state(session);
    throw new CheckpointMoved(`the checkpoint of ${name} is no longer ${from}`);
  }

  /** Whether a commit whose answer never came has happened. Waits for one that is still going on. */
  async function isWritten(session: SqlSession, writeId: string): Promise<boolean> {
    return (await state(session, 'FOR UPDATE')).writeId === writeId;
  }

  async function write(session: SqlSession, change: ModelChange<AnyRow>, writeId: string): Promise<void> {
    await transaction(session, async () => {
      if (unsettled !== undefined) {
        const written = await isWritten(session, unsettled);
        const isThis = unsettled === writeId;
        unsettled = undefined;
        if (written && isThis) return;
        if (written) throw new CheckpointMoved(`an earlier change of ${name} was written after all`);
      }
      await moveCheckpoint(session, change, writeId);
      // A relational model's rows come from its own projection.
      await writes.write(session, change.rows as readonly RowChange<RelationalRow>[]);
      if (change.park !== undefined || change.resolve !== undefined) await letters.write(session, change);
    });
  }

  return {
    isRemote: true,
    checkpoint: () => reading(async (session) => (await state(session)).position),
    load: (ids) => reading((session) => reads.load(session, ids)),
    async apply(change) {
      requireOpen();
      const writeId = randomUUID();
      for (let tried = 1; ; tried++) {
        try {
          await place.writers.session((session) => write(session, change, writeId));
          return;
        } catch (error) {
          if (isMissingTable(error)) throw gone(error);
          if (error instanceof CommitUnknown) unsettled = writeId;
          const failure = error instanceof CommitUnknown ? error.failure : error;
          if (!mayPass(failure, tried)) throw writeFailure(name, failure);
          await sleep(PAUSE_MS * tried * (0.5 + Math.random()));
        }
      }
    },
    deadLetters: () =>
      reading(async (session) => {
        await state(session);
        return letters.all(session);
      }),
    async *rows() {
      yield* reads.all((read) => reading(read));
    },
    count: () => reading((session) => reads.count(session)),
    async close() {
      if (!isClosed) onClose?.();
      isClosed = true;
    },
  };
}
