import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from './failure.ts';

/** Before the next try, at most, so that two who were in each other's way do not meet again. */
const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/**
 * Does work that may be begun anew until it is done, fails with what will not pass by itself, or has failed for so long
 * because others were in its way or the primary was away.
 */
export async function persist<Result>(patienceMs: number, work: () => Promise<Result>): Promise<Result> {
  const end = performance.now() + patienceMs;
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() > end) throw error;
    }
    await sleep(pauseMs * (0.5 + Math.random() / 2));
  }
}
