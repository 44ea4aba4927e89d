import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import {
  openRedisCoordination,
  type RedisCoordination,
  type RedisCoordinationOptions,
} from '../../../src/infrastructure/coordination/redis.ts';
import { logLines, type LogLines } from '../../support/log-lines.ts';

export interface TemporaryRedis {
  readonly prefix: string;
  open(options?: Partial<RedisCoordinationOptions> & { readonly logger?: LogLines }): {
    readonly coordination: RedisCoordination;
    readonly logger: LogLines;
  };
  /** Removes everything of this place, as a Redis does that comes back without its data. */
  empty(): Promise<void>;
  /** A connection of the test's own. */
  readonly redis: Redis;
  dispose(): Promise<void>;
}

/** A part of a Redis server that nothing else uses. */
export function temporaryRedis(url: string): TemporaryRedis {
  const prefix = `test-${randomUUID()}-`;
  const redis = new Redis(url);
  const opened: RedisCoordination[] = [];

  async function empty(): Promise<void> {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
      if (Array.isArray(keys) && keys.length > 0) await redis.del(...keys.map(String));
    }
  }

  return {
    prefix,
    redis,
    open(options = {}) {
      const logger = options.logger ?? logLines();
      const coordination = openRedisCoordination({ url, prefix, heartbeatMs: 100, ...options, logger });
      opened.push(coordination);
      return { coordination, logger };
    },
    empty,
    async dispose() {
      for (const coordination of opened) await coordination.close();
      await empty();
      redis.disconnect();
    },
  };
}
