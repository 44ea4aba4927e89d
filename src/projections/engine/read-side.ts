import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ProjectionControl } from '../../ports/projection-control.ts';
import type { ReadModels } from '../../ports/read-models.ts';
import type { ReadStores } from '../../ports/read-stores.ts';
import type { AnyProjection } from '../projection.ts';
import type { ReadLog } from './advance.ts';
import { createBuildThreads } from './build-threads.ts';
import { createControl } from './control.ts';
import type { Engine } from './engine.ts';
import { followLog } from './follow-log.ts';
import { createLogWindow } from './log-window.ts';
import { ModelSlot } from './model-slot.ts';
import { createPace } from './pace.ts';
import { createReadModels } from './read-models.ts';
import type { RebuildSource } from './rebuild-parts.ts';
import { createRebuilds } from './rebuilds.ts';
import { buildMissing, openModels } from './start.ts';

export interface ReadSideOptions {
  readonly store: EventStore;
  readonly stores: ReadStores;
  readonly projections: readonly AnyProjection[];
  /** The same projections and stores, and the log, for threads that rebuild. */
  readonly rebuild: RebuildSource;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

export interface ReadSide {
  readonly models: ReadModels;
  readonly control: ProjectionControl;
  /**
   * Settles when every model is there and has taken in what the log held at the start, or when the read side is closed.
   * Until then, queries to a model that is still being built are answered with StoreUnavailable.
   */
  readonly ready: Promise<void>;
  /** Ends what runs, records how far it has come, and closes the models. The stores and the log stay open. */
  close(): Promise<void>;
}

/**
 * Opens the read models and keeps them up with the log until it is closed.
 * @throws StoreUnavailable the log cannot be read, or the read stores cannot be written
 */
export async function openReadSide(options: ReadSideOptions): Promise<ReadSide> {
  const { store, stores, projections, rebuild, logger, clock = Date.now } = options;
  const slots = new Map(projections.map((projection) => [projection.name, new ModelSlot(projection)]));
  const head = await store.head();
  const window = createLogWindow(head);
  const read: ReadLog = async (after, limit) => window.read(after, limit) ?? store.readAll({ after, limit });
  const engine: Engine = { store, stores, slots, read, threads: createBuildThreads(rebuild), logger, clock };
  const rebuilds = createRebuilds(engine);
  const stopping = new AbortController();
  const { signal } = stopping;

  const missing = await openModels(engine);
  const following = followLog({ store, window, signal, logger, onNews: () => takeNews(slots, window) });
  const building = buildMissing(engine, rebuilds, missing, signal);
  const ready = building.then(async () => {
    await Promise.all([...slots.values()].map((slot) => reach(slot, head, signal)));
  });

  return {
    models: createReadModels(slots),
    control: createControl(engine, rebuilds),
    ready,
    async close() {
      stopping.abort();
      await engine.threads.close();
      await Promise.all([following, building, rebuilds.settled()]);
      await Promise.all([...slots.values()].map((slot) => slot.close()));
      await ready;
    },
  };
}

/** A model that is further behind catches up beside the others. */
const NEAR = 1_000;

/** One model after the other, so that their turns on the thread stay short. */
async function takeNews(
  slots: ReadonlyMap<string, ModelSlot>,
  window: ReturnType<typeof createLogWindow>,
): Promise<void> {
  const pace = createPace();
  const { position } = window;
  for (const { live } of slots.values()) {
    if (live === undefined) continue;
    if (position - live.position > NEAR) void live.run(position);
    else await live.run(position, pace);
    await pace.breathe();
  }
  window.trim(Math.min(position, ...[...slots.values()].flatMap(({ live }) => (live ? live.position : []))));
}

async function reach(slot: ModelSlot, position: number, signal: AbortSignal): Promise<void> {
  while (slot.position < position && !signal.aborted) {
    const reached = slot.waiters.wait(position, 1_000);
    void slot.live?.run(position);
    await reached;
  }
}
