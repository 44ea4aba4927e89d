import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore, Position, RecordedEvent } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';

interface Follow {
  readonly store: EventStore;
  readonly types: readonly string[];
  readonly take: (event: RecordedEvent) => void;
  /** The log cannot be followed for now. */
  readonly lost: () => void;
  readonly logger: Logger;
}

export interface Follower {
  /** False while the log cannot be read. */
  readonly following: () => boolean;
  /** Answers when every event up to this position was taken. */
  readonly caughtUp: (position: Position) => Promise<void>;
  readonly close: () => Promise<void>;
}

const retryMs = 500;

/** Takes every event of some types from now on, whatever happens to the store in between. */
export async function followLog({ store, types, take, lost, logger }: Follow): Promise<Follower> {
  const stop = new AbortController();
  let waiting: { readonly position: Position; readonly resolve: () => void }[] = [];
  let position = await store.head();
  let following = true;
  const stopped = () => stop.signal.aborted;

  const wake = (): void => {
    for (const waiter of waiting) if (waiter.position <= position) waiter.resolve();
    waiting = waiting.filter((waiter) => waiter.position > position);
  };
  const follow = async (): Promise<void> => {
    for await (const slice of store.subscribe({ after: position, filter: { types }, signal: stop.signal })) {
      following = true;
      for (const event of slice.events) take(event);
      position = slice.position;
      if (waiting.length > 0) wake();
    }
  };
  const keepFollowing = async (): Promise<void> => {
    while (!stopped()) {
      try {
        await follow();
      } catch (error) {
        if (stopped()) return;
        following = false;
        lost();
        logger.warn({ error }, 'the log cannot be followed; trying again');
        await delay(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }
  };
  const ended = keepFollowing();

  return {
    following: () => following,
    caughtUp: async (wanted) => {
      if (position >= wanted) return;
      await new Promise<void>((resolve) => void waiting.push({ position: wanted, resolve }));
    },
    close: async () => {
      stop.abort();
      await ended;
      for (const { resolve } of waiting) resolve();
    },
  };
}
