import { randomUUID } from 'node:crypto';
import { createKafkaClient } from '../../../src/infrastructure/event-bus/kafka/client.ts';
import { runConsumer } from '../../../src/infrastructure/event-bus/kafka/consumer.ts';
import { kafkaNames } from '../../../src/infrastructure/event-bus/kafka/names.ts';
import { CheckpointReader } from '../../../src/infrastructure/event-bus/kafka/relay/checkpoint.ts';
import { holdRelay } from '../../../src/infrastructure/event-bus/kafka/relay/hold.ts';
import type { KafkaAccess, RelayStatus } from '../../../src/infrastructure/event-bus/kafka.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { quiet } from './logger.ts';

export interface Publishing {
  readonly kafka: KafkaAccess;
  readonly prefix: string;
  /** Its events' data as stored. */
  readonly log: Pick<EventStore, 'readAll' | 'subscribe' | 'head'>;
}

/** Publishes a log at once and for ever, as if it had been elected, whoever else does. */
export async function publishUnelected(
  { kafka, prefix, log }: Publishing,
  tell: (status: RelayStatus) => void,
): Promise<never> {
  const client = createKafkaClient(kafka, quiet);
  const names = kafkaNames(prefix);
  const checkpoints = new CheckpointReader();
  runConsumer({
    kafka: client,
    config: () => ({ groupId: `${names.readers}${randomUUID()}` }),
    topic: names.relay,
    fromBeginning: true,
    logger: quiet,
    complaint: 'the checkpoint cannot be read',
    onBatch: ({ batch }) => checkpoints.read(batch.messages),
  });
  const { signal } = new AbortController();
  let published = 0;
  const onPublished = (position: number, events: number): void => {
    published += events;
    tell({ isHolder: true, position, published });
  };
  for (;;) {
    try {
      await holdRelay({ kafka: client, names, log, checkpoints, logger: quiet, onPublished }, signal);
    } catch (error) {
      quiet.debug({ error }, 'publishing ended; it is begun again');
    }
  }
}
