import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { UnknownPosition, type Position } from '../../ports/event-store.ts';
import { ModelUnusable, type CatalogueEntry, type OpenModel } from '../../ports/read-stores.ts';
import type { Engine } from './engine.ts';
import { liveProjection, openProjector } from './make-live.ts';
import type { ModelSlot } from './model-slot.ts';
import type { Rebuilds } from './rebuilds.ts';

/** A log no longer than this is projected by the serving thread at once; starting a thread would take longer. */
export const FEW_EVENTS = 2_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Puts every model's live version in its slot, as the catalogue names it, and removes what a crash left half built.
 * A model that is missing, damaged, of another schema version, or ahead of the log is new: over a short log it is live
 * at once, else it is among those answered, to be built.
 * @throws StoreUnavailable
 */
export async function openModels(engine: Engine): Promise<readonly ModelSlot[]> {
  const head = await engine.store.head();
  const catalogue = await engine.stores.catalogue();
  const missing: ModelSlot[] = [];
  for (const slot of engine.slots.values()) {
    const entry = catalogue.get(slot.name);
    const opened = entry && (await openLive(engine, slot, entry, head));
    await removeOthers(engine, slot, opened === undefined ? undefined : entry);
    if (opened === undefined) missing.push(slot);
  }
  if (head > FEW_EVENTS) return missing;
  await createEmpty(engine, missing, catalogue);
  return [];
}

/** Builds what there is no version of, again and again until it is there or the signal aborts. */
export async function buildMissing(
  engine: Engine,
  rebuilds: Rebuilds,
  missing: readonly ModelSlot[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(missing.map((slot) => buildUntilThere(engine, rebuilds, slot, signal)));
}

/** The version that the catalogue names; undefined when it is unusable. Nothing is open then. */
export async function openLive(
  engine: Engine,
  slot: ModelSlot,
  entry: CatalogueEntry,
  head: Position,
): Promise<OpenModel | undefined> {
  const { projection } = slot;
  const { live: version, previous, schemaVersion } = entry;
  if (schemaVersion !== projection.schemaVersion) {
    engine.logger.info(
      { projection: slot.name, schemaVersion, wanted: projection.schemaVersion },
      'read model outdated',
    );
    return undefined;
  }
  try {
    const open = await engine.stores.open(projection, version);
    const projector = await openProjector(engine, slot, open, 'park');
    // Where positions do not count events, what is no event of ours may stand beyond the last that is.
    if (engine.store.sparse !== true && projector.position > head) {
      await open.store.close();
      throw new ModelUnusable(`${slot.name} has taken in more than the log holds: ${projector.position} of ${head}`);
    }
    await requireSameLog(engine, slot, open, projector.position);
    slot.previous = previous;
    slot.replace(liveProjection(engine, slot, version, open, projector));
    return open;
  } catch (error) {
    if (!(error instanceof ModelUnusable)) throw error;
    engine.logger.warn({ error, projection: slot.name }, 'read model unusable; it is built again from the log');
    return undefined;
  }
}

/** Refuses a model that was made from another log: its checkpoint is a place that this one does not have. */
async function requireSameLog(
  { store }: Engine,
  slot: ModelSlot,
  open: OpenModel,
  checkpoint: Position,
): Promise<void> {
  if (store.sparse !== true || checkpoint === 0) return;
  try {
    await store.readAll({ after: checkpoint, limit: 1 });
  } catch (error) {
    await open.store.close();
    if (!(error instanceof UnknownPosition)) throw error;
    throw new ModelUnusable(`${slot.name} was made from another log`, { cause: error });
  }
}

async function removeOthers(
  { stores, logger }: Engine,
  slot: ModelSlot,
  entry: CatalogueEntry | undefined,
): Promise<void> {
  for (const version of await stores.versions(slot.projection)) {
    if (version === entry?.live || version === entry?.previous) continue;
    await stores.drop(slot.projection, version);
    logger.info({ projection: slot.name, version }, 'removed a version that is not in use');
  }
}

/**
 * New versions, empty and live, to be filled by the serving thread.
 * @param least the lowest number that a version may have
 */
export async function createEmpty(
  engine: Engine,
  slots: readonly ModelSlot[],
  catalogue: ReadonlyMap<string, CatalogueEntry>,
  least = 1,
): Promise<void> {
  const entries = new Map<string, CatalogueEntry>();
  for (const slot of slots) {
    const { projection } = slot;
    const version = Math.max(least, (catalogue.get(slot.name)?.live ?? 0) + 1);
    const open = await engine.stores.create(projection, version);
    const projector = await openProjector(engine, slot, open, 'park');
    entries.set(slot.name, { live: version, previous: null, schemaVersion: projection.schemaVersion });
    slot.replace(liveProjection(engine, slot, version, open, projector));
  }
  if (entries.size > 0) await engine.stores.publish(entries);
}

async function buildUntilThere(
  engine: Engine,
  rebuilds: Rebuilds,
  slot: ModelSlot,
  signal: AbortSignal,
): Promise<void> {
  const isThere = (): boolean => slot.live !== undefined;
  for (let waitMs = 1_000; !isThere() && !signal.aborted; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
    try {
      const { error } = await rebuilds.buildFirst(slot, uuidv7());
      slot.buildError = error ?? undefined;
    } catch (error) {
      // The log cannot be read, or an operator has started a rebuild meanwhile.
      slot.buildError = error instanceof Error ? error.message : String(error);
      engine.logger.warn({ error, projection: slot.name }, 'read model cannot be built yet');
    }
    if (!isThere()) await waitFor(waitMs, signal);
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
  } catch (error) {
    // An abort ends the wait early; the caller looks at the signal.
    if (!signal.aborted) throw error;
  }
}
