import { describe, expect, it } from 'vitest';
import type { Leases } from '../../../src/ports/coordination.ts';
import { createMemoryCoordination } from '../../../src/infrastructure/coordination/memory.ts';
import { whileHeld } from '../../../src/infrastructure/coordination/while-held.ts';
import { given, logLines, pauseProcess, until } from './helpers.ts';

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });

function setUp(options: { readonly ttlMs: number }) {
  const counted = counting(createMemoryCoordination({ logger: logLines() }).leases);
  const ending = new AbortController();
  return { ...counted, ending, options: { ...options, retryMs: 5, signal: ending.signal } };
}

/** The same leases, and how often one was asked for and renewed. */
function counting(leases: Leases) {
  const count = { attempts: 0, renewals: 0 };
  const counted: Leases = {
    async acquire(...asked) {
      count.attempts += 1;
      const lease = await leases.acquire(...asked);
      if (lease === undefined) return undefined;
      return { ...lease, renew: () => ((count.renewals += 1), lease.renew()) };
    },
  };
  return { leases: counted, count };
}

describe('work under a lease', () => {
  it('begins when the lease is free, keeps it beyond its time, and gives it back when told to end', async () => {
    const { leases, count, ending, options } = setUp({ ttlMs: 60 });
    const before = given(await leases.acquire('relay', 60_000));
    const epochs: number[] = [];
    const working = whileHeld(leases, 'relay', options, async (lease, signal) => {
      epochs.push(lease.epoch);
      await untilAborted(signal);
    });
    await until(() => expect(count.attempts).toBeGreaterThan(3));
    expect(epochs).toEqual([]);
    await before.release();
    // A third of its time lies between two of them.
    await until(() => expect(count.renewals).toBeGreaterThan(9));
    expect(await leases.acquire('relay', 60)).toBeUndefined();
    expect(epochs).toHaveLength(1);
    ending.abort();
    await working;
    expect(await leases.acquire('relay', 60)).toBeDefined();
  });

  it('stops when the lease is lost, and begins anew under a greater epoch that exceeds what the store has seen', async () => {
    const { leases, ending, options } = setUp({ ttlMs: 60 });
    const epochs: number[] = [];
    const above = () => Promise.resolve(2 ** 52 + epochs.length * 1_000);
    const working = whileHeld(leases, 'relay', { ...options, above }, async (lease, signal) => {
      epochs.push(lease.epoch);
      if (epochs.length === 1) pauseProcess(80);
      else ending.abort();
      await untilAborted(signal);
    });
    await working;
    expect(epochs[0]).toBe(2 ** 52 + 1);
    expect(epochs[1]).toBe(2 ** 52 + 1_001);
  });

  it('that fails gives the lease back and says why', async () => {
    const { leases, options } = setUp({ ttlMs: 60_000 });
    const working = whileHeld(leases, 'relay', options, () => Promise.reject(new Error('no disk')));
    await expect(working).rejects.toThrow('no disk');
    expect(await leases.acquire('relay', 60_000)).toBeDefined();
  });
});
