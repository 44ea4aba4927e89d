import { z } from 'zod';
import type { RateAnswer, RateLimit, RateLimits } from '../../../ports/coordination.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { costOf, createLocalRateLimits, PARTS } from '../local-rate-limits.ts';
import type { RedisConnection } from './connection.ts';

/**
 * KEYS: what is used of each limit, by when. ARGV: how many parts a window has, then for each key its limit, its window
 * in milliseconds and the cost. Answers whether all was given, then for each key what remains, when some becomes free,
 * when the cost fits, and under which time it was counted. The clock is that of Redis, so that nodes need not agree.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local asked, allowed = {}, 1
for i, key in ipairs(KEYS) do
  local limit, window, cost = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local uses, used = {}, 0
  local all = redis.call('HGETALL', key)
  for n = 1, #all, 2 do
    local since, count = tonumber(all[n]), tonumber(all[n + 1])
    if since + window <= now then
      redis.call('HDEL', key, all[n])
    else
      uses[#uses + 1] = { since, count }
      used = used + count
    end
  end
  table.sort(uses, function(a, b) return a[1] < b[1] end)
  if used + cost > limit then allowed = 0 end
  asked[i] = { limit = limit, window = window, cost = cost, uses = uses, used = used }
end
local reply = { allowed }
for i, key in ipairs(KEYS) do
  local one = asked[i]
  local first, last, since, retry = one.uses[1], one.uses[#one.uses], now, 0
  if allowed == 1 then
    if last and now - last[1] < one.window / tonumber(ARGV[1]) then since = last[1] end
    redis.call('HINCRBY', key, string.format('%.0f', since), one.cost)
    redis.call('PEXPIRE', key, one.window)
    one.used = one.used + one.cost
    if not first then first = { since, one.cost } end
  else
    local over = one.used + one.cost - one.limit
    if over > 0 then retry = one.window end
    for _, use in ipairs(one.uses) do
      if over <= 0 then break end
      over = over - use[2]
      if over <= 0 then retry = use[1] + one.window - now end
    end
  end
  reply[#reply + 1] = math.max(0, one.limit - one.used)
  reply[#reply + 1] = first and first[1] + one.window - now or 0
  reply[#reply + 1] = retry
  reply[#reply + 1] = string.format('%.0f', since)
end
return reply`;

/** KEYS as above. ARGV: for each key the time under which it was counted, and the cost. */
const GIVE_BACK = `
for i, key in ipairs(KEYS) do
  local since = ARGV[2 * i - 1]
  local left = tonumber(redis.call('HGET', key, since) or '0') - tonumber(ARGV[2 * i])
  if left > 0 then redis.call('HSET', key, since, left) else redis.call('HDEL', key, since) end
end
return 1`;

const replySchema = z.array(z.coerce.number()).min(1);

/**
 * Limits on one Redis. Each process counts its own uses besides: a limit that it has used up by itself needs no asking,
 * and is not free again because Redis is away or came back empty.
 * @param now milliseconds on a clock that never goes back
 */
export function createRedisRateLimits(connection: RedisConnection, prefix: string, now: () => number): RateLimits {
  const own = createLocalRateLimits(now);

  async function tried(script: string, limits: readonly RateLimit[], args: readonly (string | number)[]) {
    const keys = limits.map(({ key }) => `${prefix}rate:${key}`);
    try {
      return await connection.run((redis) => redis.eval(script, keys.length, ...keys, ...args));
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    }
  }

  return {
    async take(limits) {
      const local = own.take(limits);
      const alone: RateAnswer = { ...local, shared: false };
      if (!local.allowed) return alone;
      const args = limits.flatMap((limit) => [limit.limit, limit.windowMs, costOf(limit)]);
      const reply = replySchema.safeParse(await tried(TAKE, limits, [PARTS, ...args])).data;
      if (reply === undefined) return alone;
      const [allowed, ...numbers] = reply;
      if (allowed !== 1) await local.giveBack();
      const numberOf = (index: number, which: number): number => numbers[4 * index + which] ?? 0;
      let isUsed = allowed === 1;
      return {
        allowed: allowed === 1,
        shared: true,
        states: limits.map((_, index) => ({
          remaining: numberOf(index, 0),
          resetMs: numberOf(index, 1),
          retryMs: numberOf(index, 2),
        })),
        async giveBack() {
          if (!isUsed) return;
          isUsed = false;
          await local.giveBack();
          // What cannot be given back now is free when its window is over.
          await tried(
            GIVE_BACK,
            limits,
            limits.flatMap((limit, index) => [numberOf(index, 3), costOf(limit)]),
          );
        },
      };
    },
  };
}
