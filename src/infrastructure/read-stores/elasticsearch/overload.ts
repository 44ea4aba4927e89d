import { setTimeout as sleep } from 'node:timers/promises';
import { ElasticsearchFailure } from './failure.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** The server had no memory or no room in its queues, and did nothing of what was asked. */
const OVERLOADED = 429;

/**
 * Does work until the server is no longer overloaded, or has been for so long. Pauses double, half of each random, so that
 * many who wait do not come back together.
 */
export async function whileOverloaded<Result>(patienceMs: number, work: () => Promise<Result>): Promise<Result> {
  const end = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      const isOverloaded = error instanceof ElasticsearchFailure && error.status === OVERLOADED;
      if (!isOverloaded || performance.now() > end) throw error;
    }
    await sleep(pauseMs * (0.5 + Math.random() / 2));
  }
}
