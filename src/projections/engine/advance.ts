import type { AllSlice, Position } from '../../ports/event-store.ts';
import type { AnyRow, ModelStore } from '../../ports/read-model.ts';
import type { Pace } from './pace.ts';
import type { Projector } from './projector.ts';

/** Answers what stands after a position, at most `limit` events. */
export type ReadLog = (after: Position, limit: number) => Promise<AllSlice>;

/** How many events are taken at a time: as many as the store takes in within a few turns of whoever else has work. */
export interface BatchSize {
  readonly size: number;
  /** Told what a batch has cost, in milliseconds. */
  learn(events: number, ms: number): void;
}

interface Bounds {
  readonly smallest: number;
  readonly largest: number;
  readonly shortMs: number;
  readonly longMs: number;
}

/** Of a store that holds the thread: done in a few milliseconds, and enough to share the cost of a transaction. */
const HOLDING: Bounds = { smallest: 64, largest: 512, shortMs: 2, longMs: 8 };

/** Of a store that is waited for: the ways to it and back are shared by as many as it takes in soon. */
const WAITING: Bounds = { smallest: 64, largest: 2_000, shortMs: 200, longMs: 500 };

/** Halves after a batch that took too long, doubles after a full one that took little. */
export function createBatchSize({ isRemote }: Pick<ModelStore<AnyRow>, 'isRemote'>): BatchSize {
  const { smallest, largest, shortMs, longMs } = isRemote === true ? WAITING : HOLDING;
  let size = 256;
  return {
    get size() {
      return size;
    },
    learn(events, ms) {
      if (ms > longMs) size = Math.max(smallest, size >> 1);
      else if (ms < shortMs && events >= size) size = Math.min(largest, size << 1);
    },
  };
}

export function fixedBatchSize(size: number): BatchSize {
  return { size, learn: () => undefined };
}

/**
 * Takes in the log from where the projector stands until a read has found its end, or until `until` says to stop.
 * @throws what the projector or the log throws; the projector then stands where it came to
 */
export async function advance(
  projector: Projector,
  read: ReadLog,
  options: { readonly pace: Pace; readonly batch: BatchSize; readonly until?: () => boolean },
): Promise<void> {
  const { pace, batch, until } = options;
  while (until?.() !== true) {
    const slice = await read(projector.position, batch.size);
    const started = performance.now();
    await projector.take(slice);
    batch.learn(slice.events.length, performance.now() - started);
    if (slice.end) return;
    await pace.breathe();
  }
}
