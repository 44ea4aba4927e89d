import type { CatalogueEntry, OpenModel } from '../../ports/read-stores.ts';
import { advance, createBatchSize } from './advance.ts';
import type { Engine } from './engine.ts';
import { LiveProjection } from './live-projection.ts';
import type { ModelSlot } from './model-slot.ts';
import { createPace } from './pace.ts';
import { Projector } from './projector.ts';

/** A version that is complete and nearly up to date. */
export interface Candidate {
  readonly version: number;
  /** What its catalogue entry will name as the version before it. */
  readonly previous: number | null;
  readonly open: OpenModel;
  /** Until it is live; from then on streams are parked. */
  readonly onPoison: 'park' | 'stop';
}

/**
 * Brings a version up to the log's head and makes it the one that queries read. The version that was live stands still
 * while the last few events are taken in, so a reader never sees the position go back. The pointer moves in one write;
 * a crash before it leaves everything as it was, a crash after it finds the new version live.
 * @throws PoisonEvent when `onPoison` is `stop`; StoreUnavailable: nothing has changed for anybody
 */
export async function makeLive(engine: Engine, slot: ModelSlot, candidate: Candidate): Promise<void> {
  const { projection } = slot;
  const { version, previous, open, onPoison } = candidate;
  const projector = await openProjector(engine, slot, open, onPoison);
  const options = { pace: createPace(), batch: createBatchSize(open.store) };
  await advance(projector, engine.read, options);

  const switchOver = async (): Promise<LiveProjection | undefined> => {
    await advance(projector, engine.read, { ...options, until: () => projector.position >= slot.position });
    const entry: CatalogueEntry = { live: version, previous, schemaVersion: projection.schemaVersion };
    await engine.stores.publish(new Map([[slot.name, entry]]));
    projector.onPoison = 'park';
    slot.previous = previous;
    return slot.replace(liveProjection(engine, slot, version, open, projector));
  };
  const before = await (slot.live?.exclusive(switchOver) ?? switchOver());
  if (before !== undefined) {
    await before.stop();
    slot.leave(before.open, (error) => engine.logger.warn({ error, projection: slot.name }, 'old version not closed'));
  }
}

export function openProjector(
  { clock, shared }: Engine,
  { projection }: ModelSlot,
  { store }: OpenModel,
  onPoison: 'park' | 'stop',
): Promise<Projector> {
  return Projector.open({ projection, store, onPoison, clock, recordsAll: shared });
}

export function liveProjection(
  { read, logger }: Engine,
  slot: ModelSlot,
  version: number,
  open: OpenModel,
  projector: Projector,
): LiveProjection {
  return new LiveProjection({
    version,
    open,
    projector,
    read,
    logger,
    owned: () => slot.owned,
    isAwaited: () => slot.waiters.any(),
    onPosition: (position) => slot.waiters.reached(position),
  });
}
