import { LRUCache } from 'lru-cache';
import type { Channels, Coordination, Leases, RateLimits, SharedCache } from '../../ports/coordination.ts';
import type { Logger } from '../../ports/logger.ts';
import { createListeners } from './listeners.ts';
import { createLocalLease } from './local-lease.ts';
import { createLocalPresence } from './local-presence.ts';
import { createLocalRateLimits } from './local-rate-limits.ts';

export interface MemoryCoordinationOptions {
  readonly logger: Logger;
  /** Characters of keys and values that the cache holds, all together. */
  readonly cacheSize?: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** Coordination of a process that is alone: all of it in memory, gone with the process. */
export function createMemoryCoordination(options: MemoryCoordinationOptions): Coordination {
  const { logger, cacheSize = 16 * 1024 * 1024, now = () => performance.now(), clock = Date.now } = options;
  const channels = createChannels(logger);
  return {
    leases: createLeases(now, clock),
    presence: createLocalPresence(now),
    cache: createCache(cacheSize),
    channels,
    rateLimits: createRateLimits(now),
    close() {
      channels.close();
      return Promise.resolve();
    },
  };
}

function createLeases(now: () => number, clock: () => number): Leases {
  const held = new Map<string, { readonly epoch: number; until: number }>();
  const epochs = new Map<string, number>();
  return {
    acquire(name, ttlMs, { above = 0 } = {}) {
      const askedAt = now();
      const current = held.get(name);
      if (current !== undefined && askedAt < current.until) return Promise.resolve(undefined);
      // The time makes an epoch exceed those of the process before this one, of which nothing is known here.
      const epoch = Math.max((epochs.get(name) ?? 0) + 1, above + 1, clock() * 1000);
      epochs.set(name, epoch);
      const mine = { epoch, until: askedAt + ttlMs };
      held.set(name, mine);
      const isMine = () => held.get(name) === mine && now() < mine.until;
      const keeper = {
        renew() {
          if (!isMine()) return Promise.resolve('gone' as const);
          mine.until = now() + ttlMs;
          return Promise.resolve('kept' as const);
        },
        release() {
          if (isMine()) held.delete(name);
          return Promise.resolve();
        },
      };
      return Promise.resolve(createLocalLease({ name, epoch, ttlMs, askedAt, now, keeper }));
    },
  };
}

function createCache(maxSize: number): SharedCache {
  // No value may push out all the others.
  const values = new LRUCache<string, string>({
    maxSize,
    maxEntrySize: Math.ceil(maxSize / 16),
    sizeCalculation: (value, key) => value.length + key.length + 1,
  });
  return {
    get: (key) => Promise.resolve(values.get(key)),
    set(key, value, ttlMs) {
      values.set(key, value, { ttl: ttlMs });
      return Promise.resolve(values.has(key));
    },
    delete(key) {
      values.delete(key);
      return Promise.resolve(true);
    },
  };
}

function createChannels(logger: Logger): Channels & { close(): void } {
  const listeners = createListeners(logger);
  return {
    publish(channel, text) {
      // Not before this call has answered, as everywhere else: a listener must not run in the middle of its publisher.
      setImmediate(() => listeners.message(channel, text));
      return Promise.resolve(true);
    },
    subscribe(channel, listener) {
      const listening = listeners.add(channel, listener);
      return Promise.resolve({ live: () => listening.there(), close: () => listening.remove() });
    },
    close: () => listeners.clear(),
  };
}

function createRateLimits(now: () => number): RateLimits {
  const local = createLocalRateLimits(now);
  return { take: (limits) => Promise.resolve({ ...local.take(limits), shared: true }) };
}
