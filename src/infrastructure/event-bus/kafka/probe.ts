import type { Probe } from '../../../ports/engine-probe.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { KafkaAccess } from './access.ts';
import { createKafkaClient } from './client.ts';
import { explainKafkaFailure } from './failure.ts';

/**
 * Asks Kafka how it is, over a connection of its own that is made when it is first used. Kafka does not tell clients its
 * version: the answer says how many brokers there are instead.
 */
export function createKafkaProbe(access: KafkaAccess, logger: Logger): Probe & { close(): Promise<void> } {
  const admin = createKafkaClient(access, logger, 1).admin();
  return {
    async ping() {
      const startedAt = performance.now();
      try {
        await admin.connect();
        const { brokers } = await admin.describeCluster();
        const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10;
        return {
          engine: 'kafka',
          version: `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}`,
          latencyMs,
        };
      } catch (error) {
        throw explainKafkaFailure(error);
      }
    },
    close: () => admin.disconnect(),
  };
}
