import type { Lease } from '../../ports/coordination.ts';

/**
 * Clocks of different machines do not run at exactly the same rate. The holder counts its time as shorter by this share,
 * so that it lets go before anybody else may take the lease.
 */
const DRIFT = 0.01;

/** Where the lease is kept for others to see. */
export interface LeaseKeeper {
  /** `kept`: its time began anew; `gone`: it is not this holder's any more; `unknown`: nobody could be asked. */
  renew(): Promise<'kept' | 'gone' | 'unknown'>;
  release(): Promise<void>;
}

/**
 * A lease as its holder sees it: held from the moment before it was asked for, for its time, on the monotonic clock of this
 * process, which neither a set clock nor the coordinator's absence stops.
 * @param now milliseconds on a clock that never goes back
 * @param askedAt on that clock
 */
export function createLocalLease(options: {
  readonly name: string;
  readonly epoch: number;
  readonly ttlMs: number;
  readonly askedAt: number;
  readonly now: () => number;
  readonly keeper: LeaseKeeper;
}): Lease {
  const { name, epoch, ttlMs, now, keeper } = options;
  const over = new AbortController();
  let until = endOf(options.askedAt);
  let timer = wait();

  function endOf(askedAt: number): number {
    return askedAt + ttlMs * (1 - DRIFT);
  }

  function wait(): NodeJS.Timeout {
    return setTimeout(watch, Math.max(until - now(), 0)).unref();
  }

  function end(reason: string): void {
    clearTimeout(timer);
    if (!over.signal.aborted) over.abort(new Error(`the lease ${name} (epoch ${epoch}) ${reason}`));
  }

  function held(): boolean {
    if (!over.signal.aborted && now() >= until) end('was not renewed in time');
    return !over.signal.aborted;
  }

  function watch(): void {
    if (held()) timer = wait();
  }

  return {
    name,
    epoch,
    lost: over.signal,
    held,
    async renew() {
      if (!held()) return false;
      const askedAt = now();
      const outcome = await keeper.renew();
      if (outcome === 'gone') end('is held by another, or was lost by the coordinator');
      // An answer that comes too late is no use: the work under the lease has been told to stop.
      if (outcome !== 'kept' || !held()) return false;
      until = Math.max(until, endOf(askedAt));
      return true;
    },
    async release() {
      end('was released');
      await keeper.release();
    },
  };
}
