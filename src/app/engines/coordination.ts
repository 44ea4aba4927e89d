import { hostname } from 'node:os';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../../config.ts';
import { createMemoryCoordination } from '../../infrastructure/coordination/memory.ts';
import type { Coordination, Node } from '../../ports/coordination.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Closing } from '../closing.ts';
import { version } from '../version.ts';

/** How long a process is seen by the others without saying anew that it is there. */
const SEEN_MS = 15_000;
const SAY_EVERY_MS = 5_000;

/** What processes share besides the log and the read models. */
export interface Shared {
  readonly coordination: Coordination;
  /** Absent when each process has its own. */
  readonly probe?: Probe;
}

/** Opens the coordination that the settings name. Redis may be away: everything goes on without it, only slower. */
export async function openCoordination(config: Config, logger: Logger, closing: Closing): Promise<Shared> {
  const { redisUrl, enginePrefix } = config;
  if (redisUrl === undefined) {
    const coordination = createMemoryCoordination({ logger });
    closing.add('coordination', () => coordination.close());
    return { coordination };
  }
  const { openRedisCoordination } = await import('../../infrastructure/coordination/redis.ts');
  const redis = openRedisCoordination({ url: redisUrl, prefix: enginePrefix, logger });
  closing.add('coordination', () => redis.close());
  return { coordination: redis, probe: redis };
}

/** Lets the other processes see this one until it is closed. */
export async function announceNode(config: Config, { presence }: Coordination, closing: Closing): Promise<Node> {
  const startedAt = new Date().toISOString();
  const node: Node = { id: uuidv7(), roles: config.roles, version, startedAt, host: hostname() };
  await presence.announce(node, SEEN_MS);
  const timer = setInterval(() => void presence.announce(node, SEEN_MS), SAY_EVERY_MS).unref();
  closing.add('presence', async () => {
    clearInterval(timer);
    await presence.withdraw(node.id);
  });
  return node;
}
