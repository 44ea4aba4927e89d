import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBus } from '../../ports/event-bus.ts';
import type { AllSlice, EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { LogWindow } from './log-window.ts';

/** How long news wait for more of their kind: the events of one call then usually make one change of its row. */
const GATHER_MS = 15;

/** News that come thick wait longer: the more are written at once, the fewer pages are written for each. */
const THICK = 40;
const GATHER_THICK_MS = 35;
const SLICE = 512;
const LONGEST_WAIT_MS = 5_000;

export interface FollowOptions {
  readonly store: EventStore;
  /** Where news come from. */
  readonly bus: Pick<EventBus, 'subscribe'>;
  readonly window: LogWindow;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Called when the window has grown; the next part is read when it is done. */
  readonly onNews: () => Promise<void>;
}

/** Keeps the window at the head of the log until the signal aborts. Failures are logged, waited out and tried again. */
export async function followLog(options: FollowOptions): Promise<void> {
  const { signal, logger } = options;
  const stopped = (): boolean => signal.aborted;
  let waitMs = 0;
  while (!stopped()) {
    try {
      await follow(options, () => (waitMs = 0));
    } catch (error) {
      if (stopped()) return;
      waitMs = Math.min(LONGEST_WAIT_MS, Math.max(100, waitMs * 2));
      logger.error({ error, waitMs }, 'the event log cannot be followed; it is tried again');
      await pause(waitMs, signal);
    }
  }
}

async function follow(options: FollowOptions, onGoing: () => void): Promise<void> {
  const { bus, window, signal, onNews } = options;
  const log = bus.subscribe({ after: window.position, batchSize: SLICE, signal })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const first = await log.next();
      if (first.done === true) return;
      window.add(first.value);
      onGoing();
      if (first.value.end) await gather(log, options);
      await onNews();
    }
  } finally {
    await log.return?.();
  }
}

/** Waits a little, then takes what has come meanwhile. What the log holds beyond the window needs no waiting for. */
async function gather(log: AsyncIterator<AllSlice>, { store, window, signal }: FollowOptions): Promise<void> {
  await pause(GATHER_MS, signal);
  if ((await store.head()) - window.position > THICK) await pause(GATHER_THICK_MS, signal);
  const head = await store.head();
  while (window.position < head && !signal.aborted) {
    const more = await log.next();
    if (more.done === true) return;
    window.add(more.value);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    // An abort ends the pause early; the caller looks at the signal.
    if (!signal.aborted) throw error;
  }
}
