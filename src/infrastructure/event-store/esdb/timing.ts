import { setTimeout as delay } from 'node:timers/promises';
import { explainFailure, isPassing } from './failure.ts';

/** How long things may take, in milliseconds. */
export interface Timing {
  /** One call, or one answer of a call that streams; also what retries may take together. */
  readonly callMs: number;
  /** Between the attempts of a call: this, then twice as long each time. */
  readonly retryMs: number;
  /** The longest pause before a broken subscription is begun again. */
  readonly mostBackoffMs: number;
}

export const defaultTiming: Timing = { callMs: 5_000, retryMs: 50, mostBackoffMs: 2_000 };

/** Tries again what may go better in a moment, for as long as one call may take. */
export async function retrying<Result>(timing: Timing, attempt: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + timing.callMs;
  for (let pause = timing.retryMs; ; pause *= 2) {
    try {
      return await attempt();
    } catch (error) {
      const failure = explainFailure(error);
      if (!isPassing(failure) || performance.now() + pause >= until) throw failure;
      await delay(pause);
    }
  }
}
