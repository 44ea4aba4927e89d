import type { AllSlice, EventFilter, EventStore, Position } from '../../../ports/event-store.ts';
import { matcherOf } from '../../event-store/event-matcher.ts';
import type { News } from './news.ts';
import type { RecentMessages } from './recent-messages.ts';

const BATCH = 512;

/** What all subscriptions of a bus share. */
export interface LiveLog {
  readonly store: Pick<EventStore, 'readAll'>;
  readonly recent: RecentMessages;
  readonly news: News;
  /** The last position that is known to be in the log. */
  readonly head: () => Position;
  /** Whether Kafka is being read now, so that what is missing may still come from there. */
  readonly isAlive: () => boolean;
  /** How long a gap may stay open before the log is read, in milliseconds. */
  readonly patienceMs: number;
}

export interface Subscription {
  readonly after: Position;
  readonly filter?: EventFilter;
  readonly batchSize?: number;
  readonly signal: AbortSignal;
}

/**
 * The log after a position, in log order: from Kafka's messages where they follow each other without a gap, and from
 * the store at the start, where a gap does not close, and where an event was too large to travel.
 */
export async function* followLive(log: LiveLog, options: Subscription): AsyncGenerator<AllSlice> {
  const { store, recent, news, patienceMs } = log;
  const { filter, signal, batchSize = BATCH } = options;
  const matches = matcherOf(filter);
  let position = options.after;
  let mustRead = true;
  let gapSince: number | undefined;
  const isOver = (): boolean => signal.aborted;

  while (!isOver()) {
    const stretch = recent.after(position, batchSize, matches);
    if (stretch !== undefined) {
      ({ position } = stretch);
      gapSince = undefined;
      yield { ...stretch, end: position >= log.head() };
    } else if (mustRead) {
      const slice = await store.readAll({ after: position, limit: batchSize, ...(filter && { filter }) });
      const moved = slice.position > position;
      mustRead = !slice.end;
      // A reader that learnt of an event before its store did must not ask again and again at once.
      gapSince = moved ? undefined : performance.now();
      if (!moved || isOver()) continue;
      ({ position } = slice);
      yield slice;
    } else if (log.head() <= position) {
      gapSince = undefined;
      await news.wait(signal);
    } else {
      const isHopeless = gapSince === undefined && (!log.isAlive() || recent.isOnlyAnnounced(position));
      gapSince ??= performance.now();
      const leftMs = isHopeless ? 0 : gapSince + patienceMs - performance.now();
      if (leftMs <= 0) mustRead = true;
      else await news.wait(signal, leftMs);
    }
  }
}
