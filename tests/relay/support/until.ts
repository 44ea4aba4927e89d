import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition. @throws Error it did not come true */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 25_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await sleep(20);
  }
}
