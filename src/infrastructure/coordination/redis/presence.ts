import { z } from 'zod';
import type { Logger } from '../../../ports/logger.ts';
import type { Node, Presence } from '../../../ports/coordination.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { createLocalPresence } from '../local-presence.ts';
import type { RedisConnection } from './connection.ts';

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS: ids by the time until which they are seen, what they said of themselves. ARGV: id, what it says, milliseconds. */
const ANNOUNCE = `${NOW}
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
return 1`;

const WITHDRAW = `
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])`;

const LIST = `${NOW}
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')) do
  found[#found + 1] = redis.call('HGET', KEYS[2], id) or ''
end
return found`;

const nodeSchema = z.object({
  id: z.string(),
  roles: z.array(z.string()),
  version: z.string(),
  startedAt: z.string(),
  host: z.exactOptional(z.string()),
});

/** Presence on one Redis. Times are by its clock, so that nodes need not agree on theirs. */
export function createRedisPresence(
  connection: RedisConnection,
  options: { readonly prefix: string; readonly now: () => number; readonly logger: Logger },
): Presence {
  const keys = [`${options.prefix}nodes`, `${options.prefix}nodes:info`] as const;
  const own = createLocalPresence(options.now);

  async function tried<Reply>(command: () => Promise<Reply>): Promise<Reply | undefined> {
    try {
      return await command();
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    }
  }

  return {
    async announce(node, ttlMs) {
      await own.announce(node, ttlMs);
      const text = JSON.stringify(node);
      await tried(() => connection.run((redis) => redis.eval(ANNOUNCE, 2, ...keys, node.id, text, ttlMs)));
    },
    async withdraw(id) {
      await own.withdraw(id);
      await tried(() => connection.run((redis) => redis.eval(WITHDRAW, 2, ...keys, id)));
    },
    async nodes() {
      const reply = await tried(() => connection.run((redis) => redis.eval(LIST, 2, ...keys)));
      const nodes = new Map((await own.nodes()).map((node) => [node.id, node]));
      for (const text of Array.isArray(reply) ? reply : []) {
        const node = nodeIn(text);
        if (node === undefined)
          options.logger.warn({ text: String(text).slice(0, 200) }, 'Redis holds what is no node');
        else nodes.set(node.id, node);
      }
      return [...nodes.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
    },
  };
}

function nodeIn(text: unknown): Node | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return nodeSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
