import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import { feedItem, type FeedItem } from './feed-item.ts';
import type { FeedSource } from './feed-source.ts';

/** The newest events, held in memory for everybody who follows the log. */
export interface Tail {
  /** Starts following, unless it does already; it goes on until `close`. */
  start(): Promise<void>;
  /** Every event that is newer than this has a place in `items`. */
  readonly from: Position;
  readonly position: Position;
  /** In the order of the log. */
  readonly items: readonly FeedItem[];
  close(): Promise<void>;
}

const mostItems = 4096;
/** Characters of JSON. */
const mostText = 8 * 1024 * 1024;
const retryMs = 500;

interface TailReaders {
  /** False while nobody would read what is kept. */
  readonly present: () => boolean;
  /** There are new events. */
  readonly wake: () => void;
}

/** Follows the log for its readers; while there are none it keeps nothing. */
export function createTail({ store, personal }: FeedSource, readers: TailReaders, logger: Logger): Tail {
  const stop = new AbortController();
  let starting: Promise<void> | undefined;
  let following: Promise<void> = Promise.resolve();
  let items: FeedItem[] = [];
  let text = 0;
  let from: Position = 0;
  let position: Position = 0;
  const stopped = () => stop.signal.aborted;

  const follow = async (): Promise<void> => {
    for await (const slice of store.subscribe({ after: position, signal: stop.signal })) {
      const present = readers.present();
      for (const event of present ? await personal.reveal(slice.events) : []) {
        const item = feedItem(event);
        text += item.json('log').length;
        items.push(item);
      }
      position = slice.position;
      if (!present) forgetAll();
      else if (items.length > mostItems || text > mostText) forget();
      readers.wake();
    }
  };
  /** Lets go of the older half. */
  const forget = (): void => {
    const kept = items.slice(Math.ceil(items.length / 2));
    from = items[items.length - kept.length - 1]?.event.position ?? from;
    items = kept;
    text = kept.reduce((sum, item) => sum + item.json('log').length, 0);
  };
  const forgetAll = (): void => {
    items = [];
    text = 0;
    from = position;
  };
  const keepFollowing = async (): Promise<void> => {
    while (!stopped()) {
      try {
        await follow();
      } catch (error) {
        if (stopped()) return;
        logger.warn({ error }, 'the event feed cannot follow the log; trying again');
        await delay(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  };

  return {
    start() {
      starting ??= store.head().then(
        (head) => {
          from = position = head;
          following = keepFollowing();
        },
        (error: unknown) => {
          starting = undefined;
          throw error;
        },
      );
      return starting;
    },
    get from() {
      return from;
    },
    get position() {
      return position;
    },
    get items() {
      return items;
    },
    async close() {
      stop.abort();
      await following;
    },
  };
}

/** Index of the first item after a position. */
export function firstAfter(items: readonly FeedItem[], position: Position): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.event.position ?? Infinity) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
