import { pause } from './pause.ts';

/**
 * Waits for work, and once the signal has aborted only some milliseconds longer. Answers whether it was done.
 * @throws what the work throws in time
 */
export async function unlessLate(work: Promise<void>, signal: AbortSignal, ms: number): Promise<boolean> {
  const over = new AbortController();
  const late = async (): Promise<boolean> => {
    await aborted(AbortSignal.any([signal, over.signal]));
    await pause(ms, over.signal);
    return false;
  };
  try {
    return await Promise.race([work.then(() => true), late()]);
  } finally {
    over.abort();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
