import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBus } from '../../ports/event-bus.ts';
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
import { shareModels, type SharedStores } from './share-models.ts';
import { buildMissing, openModels } from './start.ts';

export interface ReadSideOptions {
  readonly store: EventStore;
  readonly stores: ReadStores;
  readonly projections: readonly AnyProjection[];
  /** The same projections and stores, and the log, for threads that rebuild. */
  readonly rebuild: RebuildSource;
  /** Brings the log's news; absent: the log itself does. */
  readonly bus?: EventBus;
  /** Where other processes write the same read stores; absent: they are this process's own. */
  readonly shared?: SharedStores;
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
  const { store, stores, projections, rebuild, shared, logger, clock = Date.now } = options;
  const slots = new Map(projections.map((projection) => [projection.name, new ModelSlot(projection)]));
  const head = await store.head();
  const window = createLogWindow(head);
  const read: ReadLog = async (after, limit) => window.read(after, limit) ?? store.readAll({ after, limit });
  const threads = createBuildThreads(rebuild);
  const engine: Engine = { store, stores, slots, read, threads, shared: shared !== undefined, logger, clock };
  const rebuilds = createRebuilds(engine);
  const stopping = new AbortController();
  const { signal } = stopping;

  const keeping = shared ? shareModels(engine, rebuilds, shared, signal) : Promise.resolve();
  const building = shared ? Promise.resolve() : buildMissing(engine, rebuilds, await openModels(engine), signal);
  const bus = options.bus ?? store;
  const following = followLog({ store, bus, window, signal, logger, onNews: () => takeNews(slots, window) });
  const ready = building.then(async () => {
    await Promise.all([...slots.values()].map((slot) => reach(slot, head, signal)));
  });

  if (shared) await opened(slots);
  return {
    models: createReadModels(slots),
    control: createControl(engine, rebuilds),
    ready,
    async close() {
      stopping.abort();
      await engine.threads.close();
      await Promise.all([following, keeping, building, rebuilds.settled()]);
      await Promise.all([...slots.values()].map((slot) => slot.close()));
      await ready;
    },
  };
}

/** How long the start waits for stores that do not answer. */
const FIRST_LOOK_MS = 3_000;

/** A model that is further behind catches up beside the others. */
const NEAR = 1_000;

/**
 * One model after the other, so that their turns on the thread stay short. Those whose store is waited for go on by
 * themselves and hold up no other; each takes what has come meanwhile when it is done with what it has.
 */
async function takeNews(
  slots: ReadonlyMap<string, ModelSlot>,
  window: ReturnType<typeof createLogWindow>,
): Promise<void> {
  const pace = createPace();
  const { position } = window;
  for (const { live, owned } of slots.values()) {
    if (live === undefined || !owned) continue;
    if (position - live.position > NEAR || live.open.store.isRemote === true) void live.run(position);
    else await live.run(position, pace);
    await pace.breathe();
  }
  const kept = [...slots.values()].flatMap(({ live, owned }) => (live && owned ? live.position : []));
  window.trim(Math.min(position, ...kept));
}

/** Waits a little for models whose stores answer: queries then find them at once. */
async function opened(slots: ReadonlyMap<string, ModelSlot>): Promise<void> {
  const end = performance.now() + FIRST_LOOK_MS;
  while (performance.now() < end && [...slots.values()].some(({ live, work }) => !live && !work)) await sleep(10);
}

async function reach(slot: ModelSlot, position: number, signal: AbortSignal): Promise<void> {
  while (slot.position < position && !signal.aborted) {
    const reached = slot.waiters.wait(position, 1_000);
    void slot.live?.run(position);
    await reached;
  }
}
