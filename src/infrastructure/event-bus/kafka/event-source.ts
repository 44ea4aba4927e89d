import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { Logger } from '../../../ports/logger.ts';
import { runConsumer } from './consumer.ts';
import { announcementOf } from './message.ts';
import type { Announcement } from './message.ts';
import type { KafkaNames } from './names.ts';

/** Reading is over when no fetch was answered for so long; a fetch without news is answered after 100 ms. */
const QUIET_MS = 1_500;

/** Messages of the bus, from somewhere. */
export interface EventSource {
  /** Whether messages are being read now. */
  isAlive(): boolean;
  /** Begins anew. */
  renew(): void;
  close(): Promise<void>;
}

/**
 * Hands over what is written to all partitions of the events' topic from now on. A group of its own makes it a reader
 * of all partitions; it vanishes with its reader, since nothing is stored in it. Only committed messages are seen.
 */
export function readEvents(
  { kafka, names, logger }: { readonly kafka: Kafka; readonly names: KafkaNames; readonly logger: Logger },
  deliver: (announcements: readonly Announcement[]) => void,
): EventSource {
  let fetchedAt = Number.NEGATIVE_INFINITY;
  const consumer = runConsumer({
    kafka,
    // A new name each time: the group of a reader that was cut off would first wait for it.
    config: () => ({ groupId: `${names.readers}${randomUUID()}`, sessionTimeout: 30_000 }),
    topic: names.events,
    fromBeginning: false,
    logger,
    complaint: 'events cannot be read from Kafka, so the log is asked for them',
    onBatch: ({ batch }) => deliver(batch.messages.map(announcementOf).filter((message) => message !== undefined)),
    onFetch: () => (fetchedAt = performance.now()),
    onEnd: () => (fetchedAt = Number.NEGATIVE_INFINITY),
  });
  return {
    isAlive: () => performance.now() - fetchedAt < QUIET_MS,
    renew: () => consumer.renew(),
    close: () => consumer.close(),
  };
}
