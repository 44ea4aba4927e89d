import type { AllSlice, Position } from '../../ports/event-store.ts';
import type { Pace } from './pace.ts';
import type { Projector } from './projector.ts';

/** Answers what stands after a position, at most `limit` events. */
export type ReadLog = (after: Position, limit: number) => Promise<AllSlice>;

/** How many events are taken at a time: as many as keep the thread for a few milliseconds. */
export interface BatchSize {
  readonly size: number;
  /** Told what a batch has cost, in milliseconds. */
  learn(events: number, ms: number): void;
}

/** Few enough to be done in a few milliseconds, and enough to share the cost of a transaction among them. */
const SMALLEST = 64;
const LARGEST = 512;
const SHORT_MS = 2;
const LONG_MS = 8;

/** Halves after a batch that took too long, doubles after a full one that took little. */
export function createBatchSize(): BatchSize {
  let size = 256;
  return {
    get size() {
      return size;
    },
    learn(events, ms) {
      if (ms > LONG_MS) size = Math.max(SMALLEST, size >> 1);
      else if (ms < SHORT_MS && events >= size) size = Math.min(LARGEST, size << 1);
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
