import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { AllSlice, DecodeEventData, EventFilter, Position } from '../../../ports/event-store.ts';
import { matcherOf } from '../event-matcher.ts';
import type { Connection } from './connection.ts';
import { isPassing } from './failure.ts';
import { readSlice } from './reads.ts';
import type { Tail } from './tail.ts';

const BATCH = 512;

/** A filter that admits nothing is told at the latest after so many milliseconds how far it has come. */
const SILENT_MS = 100;

/** Followers wait no longer than this for the appends of their own process to be answered. */
const MOST_COURTESY_MS = 250;

export interface Subscription {
  readonly after: Position;
  readonly filter?: EventFilter;
  readonly batchSize?: number;
  readonly signal: AbortSignal;
}

/**
 * Reads what stands, page after page, and takes what comes from the tail. Both are asked for what is after a position, so
 * there is no hand-over at which an event could be lost or doubled. While the server is away, it waits and goes on.
 * The server may send an event before it answers who wrote it: a writer of this process hears of it first all the same.
 */
export async function* follow(
  connection: Connection,
  decode: DecodeEventData,
  tail: Tail,
  appending: ReadonlySet<Promise<unknown>>,
  { after, filter, signal, batchSize = BATCH }: Subscription,
): AsyncGenerator<AllSlice> {
  const matches = matcherOf(filter);
  const leave = tail.join();
  let position = after;
  let told = after;
  let toldAt = performance.now();
  let backoffMs = connection.timing.retryMs;
  try {
    while (!signal.aborted) {
      connection.requireOpen();
      let slice = tail.slice(position, batchSize, matches);
      if (slice === undefined) {
        try {
          slice = await readSlice(connection, decode, { after: position, limit: batchSize, ...(filter && { filter }) });
        } catch (error) {
          if (!isPassing(error)) throw error;
          connection.requireOpen();
          await delay(backoffMs, undefined, { signal }).catch(() => undefined);
          backoffMs = Math.min(2 * backoffMs, connection.timing.mostBackoffMs);
          continue;
        }
        backoffMs = connection.timing.retryMs;
        if (slice.end) tail.start(slice.position);
        if (isAborted(signal)) return;
      }
      position = slice.position;
      const sinceTold = performance.now() - toldAt;
      if (slice.events.length > 0 || (position > told && sinceTold >= SILENT_MS)) {
        told = position;
        if (appending.size > 0) await answered(appending);
        yield { events: slice.events, position, end: slice.end };
        toldAt = performance.now();
      } else if (slice.end) {
        await tail.wait(position, signal, position > told ? SILENT_MS - sinceTold : undefined);
      }
    }
  } finally {
    leave();
  }
}

/** Asked anew after a wait, whatever was known before it. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function answered(appending: ReadonlySet<Promise<unknown>>): Promise<void> {
  const late = new AbortController();
  const enough = delay(MOST_COURTESY_MS, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([Promise.allSettled(appending), enough]);
  late.abort();
  await nextTurn();
}
