import type { EventBus } from '../../../ports/event-bus.ts';
import type { DecodeEventData, EventStore } from '../../../ports/event-store.ts';
import type { Logger } from '../../../ports/logger.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import type { EventSource } from './event-source.ts';
import { identityOf } from './log-identity.ts';
import type { Announcement } from './message.ts';
import { News } from './news.ts';
import { pause } from './pause.ts';
import { RecentMessages } from './recent-messages.ts';
import { followLive } from './subscription.ts';

const POLL_MS = 500;
const PATIENCE_MS = 100;

/** After so long without a message for events that the log turned out to have, the source is opened anew. */
const SILENCE_MS = 60_000;

export interface LiveBusOptions {
  readonly store: Pick<EventStore, 'readAll' | 'head'>;
  readonly decode: DecodeEventData;
  readonly logger: Logger;
  /** Where messages come from, told to whom. It may lose, repeat and mix up messages. */
  readonly source: (deliver: (announcements: readonly Announcement[]) => void) => EventSource;
  /** How often the log is asked how far it is while no message comes, in milliseconds. */
  readonly pollMs?: number;
  /** How long a gap between messages may stay open before the log is read, in milliseconds. */
  readonly patienceMs?: number;
}

/**
 * A bus whose messages are only a faster way to learn what the log holds: what is handed out is the log, whatever the
 * source does. Messages about another log, of a neighbour with the same names, are not taken.
 */
export function createLiveBus(options: LiveBusOptions): EventBus {
  const { store, decode, logger, pollMs = POLL_MS, patienceMs = PATIENCE_MS } = options;
  const recent = new RecentMessages(decode);
  const news = new News();
  const closing = new AbortController();
  let head = 0;
  let identity: string | undefined;
  /** When a message last told of something new, and when one last told of anything. */
  let toldAt = performance.now();
  let heardAt = toldAt;

  const learnIdentity = async (): Promise<void> => {
    try {
      identity ??= await identityOf(store);
    } catch (error) {
      logger.debug({ error }, 'messages are not used before the log can be read');
    }
  };
  const source = options.source((announcements) => {
    heardAt = performance.now();
    if (identity === undefined) void learnIdentity();
    for (const announcement of announcements) if (announcement.log === identity) recent.add(announcement);
    if (recent.last > head) {
      head = recent.last;
      toldAt = performance.now();
    }
    news.wake();
  });
  const log = { store, recent, news, head: () => head, isAlive: () => source.isAlive(), patienceMs };

  const poll = async (): Promise<void> => {
    if (performance.now() - toldAt < pollMs) return;
    try {
      const polled = await store.head();
      if (polled <= head) return;
      head = polled;
      news.wake();
      if (performance.now() - heardAt < SILENCE_MS) return;
      heardAt = performance.now();
      source.renew();
    } catch (error) {
      if (source.isAlive()) logger.debug({ error }, 'the log cannot be asked how far it is');
      else news.fail(unavailable(error));
    }
  };
  const polling = repeat(poll, pollMs, closing.signal);

  return {
    subscribe: ({ signal, ...rest }) => followLive(log, { ...rest, signal: AbortSignal.any([signal, closing.signal]) }),
    async close() {
      closing.abort();
      await Promise.all([polling, source.close()]);
    },
  };
}

function unavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  return new StoreUnavailable('neither Kafka nor the event log can be read', { cause: error });
}

/** Does something again and again, `ms` after it was done, until the signal aborts. */
async function repeat(work: () => Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(ms, signal);
    if (signal.aborted) return;
    await work();
  }
}
