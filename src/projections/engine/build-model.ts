import type { Position } from '../../ports/event-store.ts';
import type { AnyRow, ModelStore } from '../../ports/read-model.ts';
import type { AnyProjection } from '../projection.ts';
import { advance, fixedBatchSize } from './advance.ts';
import { unhurried } from './pace.ts';
import { Projector } from './projector.ts';
import type { BuildTask, RebuildParts } from './rebuild-parts.ts';

/** Events in one transaction: enough to write each row and each index page once for many of its events. */
const BATCH = 5_000;

/**
 * Fills a version of a model from the log up to its end, or brings one that is there up to it, and leaves it closed,
 * durable and ready to be opened. Holds its thread while it works.
 * @throws PoisonEvent when `task.onPoison` is `stop`; StoreUnavailable, ModelUnusable
 */
export async function buildModel(
  parts: RebuildParts,
  task: BuildTask,
  onProgress: (position: Position) => void,
): Promise<void> {
  const projection = parts.projections.find(({ name }) => name === task.projection);
  if (projection === undefined) throw new Error(`there is no projection ${task.projection}`);
  if (task.from === 'nothing') {
    const build = await parts.stores.build(projection, task.version);
    try {
      await takeAll(parts, projection, build.store, task, onProgress);
      await build.finish();
    } finally {
      await build.store.close();
    }
  }
  // Finishing takes a while: what the log has gained meanwhile is less work here than for the thread that serves.
  const { store } = await parts.stores.open(projection, task.version);
  try {
    await takeAll(parts, projection, store, task, onProgress);
  } finally {
    await store.close();
  }
}

async function takeAll(
  { log }: RebuildParts,
  projection: AnyProjection,
  store: ModelStore<AnyRow>,
  { onPoison }: BuildTask,
  onProgress: (position: Position) => void,
): Promise<void> {
  const { types } = projection;
  const projector = await Projector.open({ projection, store, onPoison, clock: Date.now });
  await advance(
    projector,
    (after, limit) => log.readAll({ after, limit, ...(types !== undefined && { filter: { types } }) }),
    {
      pace: unhurried,
      batch: fixedBatchSize(BATCH),
      until: () => {
        onProgress(projector.position);
        return false;
      },
    },
  );
  await projector.record();
  onProgress(projector.position);
}
