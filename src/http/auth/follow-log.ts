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
  following(): boolean;
  /** Answers when every event up to this position was taken. */
  caughtUp(position: Position): Promise<void>;
  close(): Promise<void>;
}

const retryMs = 500;

/** Takes every event of some types from now on, whatever happens to the store in between. */
export async function followLog({ store, types, take, lost, logger }: Follow): Promise<Follower> {
  const stop = new AbortController();
  const waiting = new Set<{ readonly position: Position; readonly resolve: () => void }>();
  let position = await store.head();
  let following = true;

  const follow = async (): Promise<void> => {
    for await (const slice of store.subscribe({ after: position, filter: { types }, signal: stop.signal })) {
      following = true;
      for (const event of slice.events) take(event);
      position = slice.position;
      for (const waiter of waiting) if (waiter.position <= position) waiter.resolve();
    }
  };
  const keepFollowing = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (stop.signal.aborted) return;
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
    async caughtUp(wanted) {
      if (position >= wanted) return;
      await new Promise<void>((resolve) => {
        const waiter = { position: wanted, resolve: () => void (waiting.delete(waiter), resolve()) };
        waiting.add(waiter);
      });
    },
    async close() {
      stop.abort();
      await ended;
      for (const { resolve } of waiting) resolve();
    },
  };
}
