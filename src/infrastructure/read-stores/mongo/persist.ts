import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from './failure.ts';

/** For how long something is tried again when others are in its way or the primary is away. */
const TRY_FOR_MS = 5_000;
/** Before the next try, at most, so that two who were in each other's way do not meet again. */
const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** Does work that may be begun anew until it is done, or fails with what will not pass by itself, or too long. */
export async function persist<Result>(work: () => Promise<Result>): Promise<Result> {
  const end = performance.now() + TRY_FOR_MS;
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() > end) throw error;
    }
    await sleep(pauseMs * (0.5 + Math.random() / 2));
  }
}
