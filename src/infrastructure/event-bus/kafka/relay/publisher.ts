import type { Kafka, Message } from 'kafkajs';
import type { KafkaNames } from '../names.ts';

/** A transaction that its holder has left alone for so long is undone by Kafka, so that readers get on. */
const TRANSACTION_MS = 15_000;

/** Another holder has written since, so that nothing of this one is taken any more. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

const FENCING = new Set([
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
]);

export interface Publisher {
  /**
   * Writes all of it or nothing, acknowledged by all replicas in sync. The first write fences every earlier publisher.
   * After a failure nothing is known of the write, and the publisher is of no use any more.
   * @throws Fenced a later publisher has written
   */
  publish(messages: { readonly events?: readonly Message[]; readonly relay: readonly Message[] }): Promise<void>;
  close(): Promise<void>;
}

/** Opens the one publisher whose writes are taken, from its first write until another one's. */
export async function openPublisher(kafka: Kafka, names: KafkaNames): Promise<Publisher> {
  const producer = kafka.producer({
    transactionalId: names.transactionalId,
    transactionTimeout: TRANSACTION_MS,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    // Short waits: a transaction that follows closely on another is asked to wait some milliseconds.
    retry: { initialRetryTime: 3, multiplier: 1.5, maxRetryTime: 200, retries: 20 },
  });
  await producer.connect();
  return {
    async publish({ events = [], relay }) {
      try {
        const transaction = await producer.transaction();
        const topicMessages = [
          { topic: names.events, messages: [...events] },
          { topic: names.relay, messages: [...relay] },
        ].filter(({ messages }) => messages.length > 0);
        await transaction.sendBatch({ acks: -1, topicMessages });
        await transaction.commit();
      } catch (error) {
        if (isFencing(error)) throw new Fenced('another relay publishes now', { cause: error });
        throw error;
      }
    },
    close: () => producer.disconnect(),
  };
}

function isFencing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string' && FENCING.has(cause.type)) return true;
  }
  return false;
}
