import { randomUUID } from 'node:crypto';
import {
  CheckpointMoved,
  type AnyRow,
  type ModelChange,
  type ModelStore,
  type SearchModel,
} from '../../../ports/read-model.ts';
import { readCheckpoint, writeCheckpoint, type SeenCheckpoint } from './checkpoint.ts';
import { checkChange } from './check-change.ts';
import { deadLetters } from './dead-letters.ts';
import { isFailure } from './failure.ts';
import type { ElasticsearchPlace } from './place.ts';
import { prepareRedo, redoOf } from './redo.ts';
import { rowReads } from './rows.ts';
import { settle } from './settle.ts';
import type { OpenVersion } from './versions.ts';

/**
 * The writer's side of one version of a model. A change is made when its redo record stands in the checkpoint's
 * document; all else is carrying it out, by whoever comes first.
 */
export function createModelStore(
  place: ElasticsearchPlace,
  model: SearchModel,
  version: OpenVersion,
): ModelStore<AnyRow> {
  const { names, connection } = place;
  const reads = rowReads(connection, model, version);
  const letters = deadLetters(connection, names, version);
  let line: Promise<unknown> = Promise.resolve();
  /** As it was after the last change; undefined when it may be otherwise. */
  let known: SeenCheckpoint | undefined;
  /** A change whose writing failed: it may be made all the same, and may be asked for again. */
  let unsettled: { readonly id: string; readonly change: string } | undefined;
  let isClosed = false;

  function work<Result>(what: 'read' | 'written', task: () => Promise<Result>): Promise<Result> {
    if (isClosed) throw new Error(`version ${version.version} of ${version.model} is closed`);
    return place.work(`the read model ${version.model} cannot be ${what}`, task);
  }

  async function settled(): Promise<SeenCheckpoint> {
    return settle(place, version, await readCheckpoint(connection, names, version));
  }

  /** A change that failed half way is carried out before rows are told. */
  async function reading<Result>(read: () => Promise<Result>): Promise<Result> {
    await line;
    return work('read', async () => {
      known ??= await settled();
      return read();
    });
  }

  /** Whether the very same change failed before, and is made all the same. */
  function wasMade({ last }: SeenCheckpoint, change: ModelChange<AnyRow>): boolean {
    const tried = unsettled;
    unsettled = undefined;
    return tried !== undefined && tried.id === last && tried.change === JSON.stringify(change);
  }

  async function check(at: SeenCheckpoint, change: ModelChange<AnyRow>): Promise<void> {
    try {
      await checkChange(model, reads, change);
    } catch (error) {
      // Rows that another writer has changed meanwhile are nothing to complain of.
      if ((await settled()).number === at.number) throw error;
      throw moved(change);
    }
  }

  function moved({ from }: ModelChange<AnyRow>): CheckpointMoved {
    return new CheckpointMoved(`the checkpoint of ${version.model} is no longer ${from}`);
  }

  async function write(change: ModelChange<AnyRow>): Promise<void> {
    const at = known?.position === change.from && unsettled === undefined ? known : await settled();
    known = undefined;
    if (wasMade(at, change)) {
      known = at;
      return;
    }
    if (at.position !== change.from) throw moved(change);
    await check(at, change);
    const redo = redoOf(change, await letters.writesOf(change));
    const id = randomUUID();
    const number = at.number + 1;
    const pending = { id, to: change.to, number, ...(await prepareRedo(connection, names, version, id, redo)) };
    let made: SeenCheckpoint;
    try {
      made = await begin(at, { position: at.position, number, last: id, pending });
    } catch (error) {
      if (isFailure(error, 'conflict')) throw moved(change);
      unsettled = { id, change: JSON.stringify(change) };
      throw error;
    }
    try {
      known = await settle(place, version, made, redo);
    } catch (error) {
      unsettled = { id, change: JSON.stringify(change) };
      throw error;
    }
  }

  /** @throws ElasticsearchFailure of kind `conflict` another writer came first */
  async function begin(at: SeenCheckpoint, next: Omit<SeenCheckpoint, 'mark'>): Promise<SeenCheckpoint> {
    try {
      return await writeCheckpoint(connection, names, version, at.mark, next);
    } catch (error) {
      if (!isFailure(error, 'conflict')) throw error;
      // Sent again after its answer was lost, a write conflicts with itself.
      const there = await readCheckpoint(connection, names, version);
      if (there.last !== next.last) throw error;
      return there;
    }
  }

  return {
    isRemote: true,
    checkpoint: async () => {
      await line;
      return work('read', async () => (await settled()).position);
    },
    load: (ids) => reading(() => reads.load(ids)),
    apply(change) {
      const turn = line.then(() => work('written', () => write(change)));
      // The line goes on whatever became of this turn; who asked for the turn learns it.
      line = turn.catch(() => undefined);
      return turn;
    },
    deadLetters: () => reading(() => letters.all()),
    async *rows() {
      await reading(async () => undefined);
      const rows = reads.all();
      for (;;) {
        const next = await work('read', () => rows.next());
        if (next.done === true) return;
        yield next.value;
      }
    },
    count: () => reading(() => reads.count()),
    async close() {
      isClosed = true;
      await line;
    },
  };
}
