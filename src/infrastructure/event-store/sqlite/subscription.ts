import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AllSlice, EventFilter, Position } from '../../../ports/event-store.ts';
import { matcherOf } from '../event-matcher.ts';
import type { EventMatcher } from '../event-matcher.ts';
import type { Wait, WakeUps } from './wake-ups.ts';

const BATCH = 512;

/** A filter that admits nothing is told at the latest after so many events how far it has come. */
const SILENT_EVENTS = 1_000;

export interface Subscription {
  readonly after: Position;
  readonly filter?: EventFilter;
  readonly batchSize?: number;
  readonly signal: AbortSignal;
}

/** A slice read at once, and whether the disk was asked for it. */
export interface ReadSlice extends AllSlice {
  readonly fromDisk: boolean;
}

export type SliceReader = (
  after: Position,
  limit: number,
  filter: EventFilter | undefined,
  matches: EventMatcher,
) => ReadSlice;

/**
 * The one loop of catching up and going on live: read after the position, hand over, and sleep only right after a read
 * that found the end and nothing to hand over. Commits happen between turns of the event loop, never between that
 * read and the sleep, so nothing can be missed at the hand-over.
 */
export async function* follow(read: SliceReader, wakeUps: WakeUps, options: Subscription): AsyncGenerator<AllSlice> {
  const { filter, signal, batchSize = BATCH } = options;
  const matches = matcherOf(filter);
  let position = options.after;
  let told = position;
  let tick = false;
  let sleep: Wait | undefined;
  const stop = (): void => sleep?.stop();
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const slice = read(position, batchSize, filter, matches);
      position = slice.position;
      const tell = slice.events.length > 0 || position - told >= SILENT_EVENTS || (tick && position > told);
      if (tell) {
        told = position;
        tick = false;
        yield { events: slice.events, position, end: slice.end };
      }
      // While a slice was worked on, commits may have come: what it said of the end is then old.
      if (slice.fromDisk) await nextTurn();
      else if (slice.end && !tell) {
        sleep = wakeUps.wait(position > told);
        tick = (await sleep.reason) === 'tick';
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
