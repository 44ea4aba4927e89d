import { randomUUID } from 'node:crypto';
import type { Leases } from '../../../ports/coordination.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { createLocalLease } from '../local-lease.ts';
import type { RedisConnection } from './connection.ts';

/**
 * KEYS: the holder's token, the last epoch. ARGV: the new token, its time in milliseconds, what the epoch must exceed.
 * The epoch is the time in microseconds, and more than every epoch known: a Redis that lost everything knows none, and
 * still gives a higher one.
 */
const ACQUIRE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return '' end
local time = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
local epoch = math.max(time[1] * 1000000 + time[2], last + 1, ARGV[3] + 1)
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return text`;

const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** Leases on one Redis. @param now milliseconds on a clock that never goes back */
export function createRedisLeases(connection: RedisConnection, prefix: string, now: () => number): Leases {
  /** Tokens of attempts of which nobody knows what became: trying with them again takes the lease that they may have got. */
  const unanswered = new Map<string, string>();
  const highest = new Map<string, number>();

  return {
    async acquire(name, ttlMs, { above = 0 } = {}) {
      const key = `${prefix}lease:${name}`;
      const token = unanswered.get(name) ?? randomUUID();
      unanswered.delete(name);
      const floor = Math.max(above, highest.get(name) ?? 0);
      const askedAt = now();
      let reply: unknown;
      try {
        reply = await connection.run((redis) => redis.eval(ACQUIRE, 2, key, `${key}:epoch`, token, ttlMs, floor));
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        unanswered.set(name, token);
        return undefined;
      }
      if (reply === '') return undefined;
      const epoch = Number(reply);
      highest.set(name, epoch);
      const keeper = {
        async renew() {
          try {
            const kept = await connection.run((redis) => redis.eval(RENEW, 1, key, token, ttlMs));
            return kept === 1 ? 'kept' : 'gone';
          } catch (error) {
            if (error instanceof StoreUnavailable) return 'unknown';
            throw error;
          }
        },
        async release() {
          try {
            await connection.run((redis) => redis.eval(RELEASE, 1, key, token));
          } catch (error) {
            // Its time will pass.
            if (!(error instanceof StoreUnavailable)) throw error;
          }
        },
      } as const;
      return createLocalLease({ name, epoch, ttlMs, askedAt, now, keeper });
    },
  };
}
