import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
/** Different things of one kind in a minute that are recorded one by one. */
const MOST_A_MINUTE = 30;
/** Kinds that are remembered. */
const MOST_KINDS = 10_000;

/**
 * Records a thing unless this process did so in the last minute, durable when it returns. Of more than thirty different ones
 * of a kind in a minute, the thirty-first is recorded with the word that there may be more, and the rest is not.
 * @throws what `write` throws; the next one is recorded then
 */
export type OnceAMinute = (kind: string, thing: string, write: (andMore: boolean) => Promise<unknown>) => Promise<void>;

interface Minute {
  readonly until: number;
  /** Things, and when they are recorded. */
  readonly seen: Map<string, Promise<unknown>>;
}

/** Keeps what anybody can cause again and again from filling the log. @param clock milliseconds since the epoch */
export function createOnceAMinute(clock: () => number): OnceAMinute {
  const minutes = new LRUCache<string, Minute>({ max: MOST_KINDS });
  return async (kind, thing, write) => {
    const now = clock();
    let minute = minutes.get(kind);
    if (minute === undefined || now >= minute.until || now < minute.until - MINUTE_MS) {
      minute = { until: now + MINUTE_MS, seen: new Map() };
      minutes.set(kind, minute);
    }
    const { seen } = minute;
    if (!seen.has(thing)) {
      if (seen.size > MOST_A_MINUTE) return;
      seen.set(thing, write(seen.size === MOST_A_MINUTE));
    }
    try {
      await seen.get(thing);
    } catch (error) {
      // It is not recorded, so the next one has to be.
      seen.delete(thing);
      throw error;
    }
  };
}
