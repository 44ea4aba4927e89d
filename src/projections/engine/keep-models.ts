import { v7 as uuidv7 } from 'uuid';
import type { CatalogueEntry, ReadStores } from '../../ports/read-stores.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { Engine } from './engine.ts';
import type { ModelSlot } from './model-slot.ts';
import type { Rebuilds } from './rebuilds.ts';
import { createEmpty, FEW_EVENTS, openLive } from './start.ts';

/** How often the catalogue is looked at: for so long another process may read a version that was replaced. */
const LOOK_EVERY_MS = 500;

/** Read stores that fail apart from the others, and the models that live there. */
export interface StorePlace {
  readonly stores: ReadStores;
  readonly slots: readonly ModelSlot[];
}

/**
 * Keeps the slots at the versions that the catalogue names, whoever changes it, until the signal aborts: opens what is
 * new, leaves what was replaced, and builds a model of this process that is missing, outdated or lost. A place that
 * cannot be reached is tried again and holds up no other.
 */
export async function keepModels(
  engine: Engine,
  rebuilds: Rebuilds,
  place: StorePlace,
  signal: AbortSignal,
  wake: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await settle(engine, rebuilds, place);
    } catch (error) {
      fault(engine, place.slots, error);
    }
    await Promise.race([wake(), pause(LOOK_EVERY_MS, signal)]);
  }
}

async function settle(engine: Engine, rebuilds: Rebuilds, { stores, slots }: StorePlace): Promise<void> {
  const catalogue = await stores.catalogue();
  const head = await engine.store.head();
  for (const slot of slots) {
    try {
      await settleModel(engine, rebuilds, slot, catalogue.get(slot.name));
      if (slot.live === undefined) continue;
      slot.buildError = undefined;
      // A model that was opened just now has not heard of what stands in the log already.
      if (slot.owned) void slot.live.run(head);
    } catch (error) {
      fault(engine, [slot], error);
    }
  }
}

async function settleModel(
  engine: Engine,
  rebuilds: Rebuilds,
  slot: ModelSlot,
  entry: CatalogueEntry | undefined,
): Promise<void> {
  if (slot.work !== undefined) return;
  const { live, projection } = slot;
  if (entry !== undefined && entry.schemaVersion > projection.schemaVersion) {
    throw new StoreUnavailable(`the read model ${slot.name} belongs to a newer version of this program`);
  }
  if (entry !== undefined && entry.live === live?.version && !live.isLost) {
    slot.previous = entry.previous;
    // Nobody else tells how far the model is that another process keeps.
    if (!slot.owned) void live.run(live.position + 1);
    await live.check();
    return;
  }
  if (entry !== undefined && entry.live !== live?.version) {
    if (await openLive(engine, slot, entry, await engine.store.head())) {
      if (live !== undefined) await retire(engine, slot, live);
      return;
    }
  }
  if (live !== undefined) {
    slot.lose(`the read model ${slot.name} is gone from its store; it is built from the log again`);
    await retire(engine, slot, live);
  }
  if (slot.owned) await make(engine, rebuilds, slot, entry);
}

/** Builds a model that is not there, beside whatever else goes on. */
async function make(
  engine: Engine,
  rebuilds: Rebuilds,
  slot: ModelSlot,
  entry: CatalogueEntry | undefined,
): Promise<void> {
  if ((await engine.store.head()) <= FEW_EVENTS && entry === undefined) {
    const versions = await engine.stores.versions(slot.projection);
    await createEmpty(engine, [slot], new Map(), Math.max(0, ...versions) + 1);
    return;
  }
  rebuilds.buildFirst(slot, uuidv7()).then(
    ({ error }) => {
      slot.buildError = error ?? undefined;
    },
    (error: unknown) => fault(engine, [slot], error),
  );
}

async function retire(engine: Engine, slot: ModelSlot, live: NonNullable<ModelSlot['live']>): Promise<void> {
  await live.stop();
  slot.leave(live.open, (error) => engine.logger.warn({ error, projection: slot.name }, 'old version not closed'));
}

function fault({ logger }: Engine, slots: readonly ModelSlot[], error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const names = slots.filter(({ buildError }) => buildError !== message).map(({ name }) => name);
  if (names.length > 0) logger.warn({ error, projections: names }, 'read models cannot be reached; it is tried again');
  for (const slot of slots) slot.buildError = message;
}

/** Ends early when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
