import type { SharedCache } from '../../../ports/coordination.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import type { RedisConnection } from './connection.ts';

/** Values that one call clears away at most, so that no call keeps Redis from others for long. */
const CLEARED_AT_ONCE = 100;

/**
 * KEYS: the value, the keys of all values by the time they expire. ARGV: key, value, milliseconds, how many values there
 * may be, what the names of values begin with, how many to clear away at once.
 */
const SET = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local over = math.min(redis.call('ZCARD', KEYS[2]) - ARGV[4], tonumber(ARGV[6]))
if over > 0 then
  local cleared = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #cleared, 2 do redis.call('DEL', ARGV[5] .. cleared[i]) end
end
return redis.call('EXISTS', KEYS[1])`;

const DELETE = `
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])`;

/**
 * A cache on one Redis. It bounds itself, because Redis must not: where queues live beside it nothing may be evicted. The
 * values that expire soonest go first.
 */
export function createRedisCache(
  connection: RedisConnection,
  options: { readonly prefix: string; readonly maxValues: number; readonly maxValueLength: number },
): SharedCache {
  const { maxValues, maxValueLength } = options;
  const values = `${options.prefix}cache:`;
  const index = `${options.prefix}cache`;

  /** A cache that cannot be asked knows nothing. */
  async function orElse<Reply>(missing: Reply, command: () => Promise<Reply>): Promise<Reply> {
    try {
      return await command();
    } catch (error) {
      if (error instanceof StoreUnavailable) return missing;
      throw error;
    }
  }

  function remove(key: string): Promise<boolean> {
    return orElse(false, async () => {
      await connection.run((redis) => redis.eval(DELETE, 2, values + key, index, key));
      return true;
    });
  }

  return {
    get: (key) =>
      orElse(undefined, async () => (await connection.run((redis) => redis.get(values + key))) ?? undefined),
    async set(key, value, ttlMs) {
      // An older value must not outlive one that is too large to be kept.
      if (value.length > maxValueLength) {
        await remove(key);
        return false;
      }
      const args = [key, value, ttlMs, maxValues, values, CLEARED_AT_ONCE];
      return orElse(
        false,
        async () => (await connection.run((redis) => redis.eval(SET, 2, values + key, index, ...args))) === 1,
      );
    },
    delete: remove,
  };
}
