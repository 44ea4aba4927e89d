import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease, Leases } from '../../ports/coordination.ts';

export interface WhileHeldOptions {
  readonly ttlMs: number;
  /** Milliseconds between two attempts to take a lease that somebody else holds. */
  readonly retryMs: number;
  /** Ends it: work under way is told to stop and waited for, and the lease is given back. */
  readonly signal: AbortSignal;
  /** The highest epoch that the store written to has seen, asked before each attempt. */
  readonly above?: () => Promise<number>;
}

/**
 * Does work while this process holds a lease, again whenever it gets it, until the signal aborts. The lease is renewed
 * beside the work at a third of its time. @throws what the work or `above` throws, after the lease was given back
 * @param work gets a signal that aborts when the lease is lost or all is to end; it comes to an end by itself then
 */
export async function whileHeld(
  leases: Leases,
  name: string,
  options: WhileHeldOptions,
  work: (lease: Lease, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { ttlMs, retryMs, signal } = options;
  while (!signal.aborted) {
    const above = (await options.above?.()) ?? 0;
    const lease = await leases.acquire(name, ttlMs, { above });
    if (lease === undefined) {
      await pause(retryMs, signal);
      continue;
    }
    const stop = AbortSignal.any([signal, lease.lost]);
    const renewing = renewUntil(lease, ttlMs / 3, stop);
    try {
      await work(lease, stop);
    } finally {
      await lease.release();
      await renewing;
    }
  }
}

async function renewUntil(lease: Lease, everyMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(everyMs, signal);
    if (signal.aborted) return;
    await lease.renew();
  }
}

/** Waits, less long when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
