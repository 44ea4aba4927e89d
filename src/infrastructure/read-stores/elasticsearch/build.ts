import { CheckpointMoved, type AnyRow, type ModelChange, type SearchModel } from '../../../ports/read-model.ts';
import type { ModelBuild } from '../../../ports/read-stores.ts';
import { bulk } from './bulk.ts';
import { checkRows } from './check-change.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { deadLetters } from './dead-letters.ts';
import { documentId, documentOf } from './documents.ts';
import type { ElasticsearchPlace } from './place.ts';
import { redoOf } from './redo.ts';
import { rowReads } from './rows.ts';
import type { OpenVersion } from './versions.ts';

/**
 * A version that is being filled: by one writer, read by nobody, thrown away after a crash. So changes need no redo
 * records, nothing is refreshed, and the checkpoint stands here until the end: without one, a version is unfinished.
 * Every write is on the disk all the same, or a server that restarts would lose rows and nobody would see it.
 */
export function createBuild(place: ElasticsearchPlace, model: SearchModel, version: OpenVersion): ModelBuild {
  const { names, connection } = place;
  const reads = rowReads(connection, model, version);
  const letters = deadLetters(connection, names, version);
  let position = 0;
  /** Of changes that were tried. What comes after the build has higher ones. */
  let number = 0;
  /** A change has failed, and some of it may be there. */
  let isTorn = false;
  let isClosed = false;

  function work<Result>(what: string, task: () => Promise<Result>): Promise<Result> {
    if (isClosed) throw new Error(`version ${version.version} of ${version.model} is closed`);
    return place.work(`the read model ${version.model} cannot be ${what}`, task);
  }

  async function write(change: ModelChange<AnyRow>): Promise<void> {
    if (change.from !== position) {
      throw new CheckpointMoved(`the checkpoint of ${version.model} is ${position}, not ${change.from}`);
    }
    checkRows(model, change);
    const again = isTorn;
    isTorn = true;
    number += 1;
    const redo = redoOf(change, await letters.writesOf(change));
    const results = await bulk(
      connection,
      version.alias,
      redo.rows.map(([id, after]) => ({ id: documentId(id), document: documentOf(after), number })),
    );
    for (const [index, result] of results.entries()) {
      const row = change.rows[index];
      if (row === undefined || (row.before !== undefined) === (result === 'found') || again) continue;
      throw new Error(
        row.before === undefined ? `there is a row ${row.id} already` : `there is no row ${row.id} to change`,
      );
    }
    await letters.write(redo.letters, number);
    isTorn = false;
    position = change.to;
  }

  async function refresh(): Promise<void> {
    await connection.ask({ method: 'POST', path: `/${version.alias}/_refresh`, isLong: true });
  }

  return {
    store: {
      isRemote: true,
      checkpoint: async () => position,
      load: (ids) => work('read', () => reads.load(ids)),
      apply: (change) => work('written', () => write(change)),
      deadLetters: () => work('read', () => letters.all()),
      async *rows() {
        await work('read', refresh);
        yield* reads.all();
      },
      count: () =>
        work('read', async () => {
          await refresh();
          return reads.count();
        }),
      async close() {
        isClosed = true;
      },
    },
    async finish() {
      await work('finished', async () => {
        if (isTorn) throw new Error(`the last change of ${version.model} failed`);
        await refresh();
        await connection.ask({ method: 'POST', path: `/${version.alias}/_flush`, isLong: true });
        await connection.ask({
          method: 'PUT',
          path: `/${version.alias}/_settings`,
          body: { index: { auto_expand_replicas: '0-1' } },
          isLong: true,
        });
        await writeCheckpoint(connection, names, version, undefined, { position, number, last: '', pending: null });
      });
      isClosed = true;
    },
  };
}
