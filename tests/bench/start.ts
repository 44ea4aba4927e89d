import { setTimeout as delay } from 'node:timers/promises';
import { residentMiB } from './process-memory.ts';
import { startProduct } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const settleMs = 5000;

/** Start on an empty directory, until the banner says that it listens; and memory when nothing happens. */
export async function benchStart(): Promise<readonly BenchRow[]> {
  const times: number[] = [];
  let memory = 0;
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    const product = await startProduct({ logIn: false });
    times.push((performance.now() - started) / 1000);
    if (round === 0) {
      await delay(settleMs);
      memory = residentMiB(product.pid);
    }
    await product.stop();
  }
  const seconds = times.sort((a, b) => a - b)[1] ?? NaN;
  return [
    {
      what: 'start on an empty directory, until it answers',
      value: `${figure(seconds)} s`,
      floor: '–',
      ratio: '–',
      goal: '≤ 1.5 s',
      met: seconds <= 1.5,
    },
    {
      what: 'idle memory',
      value: `${figure(memory)} MiB`,
      floor: '–',
      ratio: '–',
      goal: '≤ 150 MiB',
      met: memory <= 150,
    },
  ];
}
