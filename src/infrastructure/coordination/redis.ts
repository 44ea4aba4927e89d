import type { Coordination } from '../../ports/coordination.ts';
import type { EngineAnswer, Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import { createRedisCache } from './redis/cache.ts';
import { createRedisChannels } from './redis/channels.ts';
import { findingsIn, parseInfo, RedisUnfit, serverOf, versionTooOld, type RedisFinding } from './redis/check.ts';
import { connectRedis } from './redis/connection.ts';
import { createRedisLeases } from './redis/leases.ts';
import { createRedisPresence } from './redis/presence.ts';
import { createRedisRateLimits } from './redis/rate-limits.ts';

export interface RedisCoordinationOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** Begins the name of every key and channel. */
  readonly prefix?: string;
  readonly logger: Logger;
  /** Milliseconds that Redis may take to answer before it counts as away. */
  readonly timeoutMs?: number;
  /** How often a connection that only listens is asked whether it still stands, in milliseconds. */
  readonly heartbeatMs?: number;
  readonly cache?: { readonly maxValues?: number; readonly maxValueLength?: number };
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

/** Coordination of processes on one Redis. */
export interface RedisCoordination extends Coordination, Probe {
  /** @throws StoreUnavailable it is not there; RedisUnfit it is, and refuses the password or is too old */
  ping(): Promise<EngineAnswer>;
  /** What about this Redis is not as it should be. @throws StoreUnavailable; RedisUnfit it refuses the password */
  check(): Promise<readonly RedisFinding[]>;
}

/** Opens coordination on a Redis, which need not be there yet: it is connected to in the background, again and again. */
export function openRedisCoordination(options: RedisCoordinationOptions): RedisCoordination {
  const { url, logger, prefix = 'annals-', timeoutMs = 1_000, heartbeatMs = 1_000 } = options;
  const { now = () => performance.now(), cache = {} } = options;
  const { maxValues = 4_096, maxValueLength = 64 * 1024 } = cache;
  const connection = connectRedis({ url, logger, timeoutMs });
  const channels = createRedisChannels(connection, { url, prefix, logger, timeoutMs, heartbeatMs });

  async function info(): Promise<ReadonlyMap<string, string>> {
    try {
      return parseInfo(await connection.run((redis) => redis.info()));
    } catch (cause) {
      const refusal = connection.refusedLogin();
      if (refusal === undefined) throw cause;
      throw new RedisUnfit(`Redis does not let Annals in: ${refusal}`, { cause });
    }
  }

  return {
    leases: createRedisLeases(connection, prefix, now),
    presence: createRedisPresence(connection, { prefix, now, logger }),
    cache: createRedisCache(connection, { prefix, maxValues, maxValueLength }),
    channels,
    rateLimits: createRedisRateLimits(connection, prefix, now),
    async ping() {
      const askedAt = performance.now();
      const facts = await info();
      const old = versionTooOld(facts);
      if (old !== undefined) throw new RedisUnfit(`${serverOf(facts).engine}: ${old}, 6.2 is needed`);
      return { ...serverOf(facts), latencyMs: performance.now() - askedAt };
    },
    check: async () => findingsIn(await info()),
    close() {
      channels.close();
      connection.close();
      return Promise.resolve();
    },
  };
}
