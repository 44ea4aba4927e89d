import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import type { KafkaNames } from '../names.ts';
import { unlessLate } from '../unless-late.ts';

/** A transaction that its holder has left alone for so long is undone by Kafka, so that readers get on. */
const TRANSACTION_MS = 15_000;

/** A write that takes longer is given up: another publisher, over another connection, finds out what became of it. */
const PUBLISH_MS = 20_000;

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
      const topicMessages = [
        { topic: names.events, messages: [...events] },
        { topic: names.relay, messages: [...relay] },
      ].filter(({ messages }) => messages.length > 0);
      try {
        if (await unlessLate(write(producer, topicMessages), AbortSignal.abort(), PUBLISH_MS)) return;
      } catch (error) {
        if (isFencing(error)) throw new Fenced('another relay publishes now', { cause: error });
        throw error;
      }
      throw new Error(`Kafka has not answered for ${PUBLISH_MS / 1000} s`);
    },
    close: () => producer.disconnect(),
  };
}

async function write(producer: Producer, topicMessages: TopicMessages[]): Promise<void> {
  const transaction = await producer.transaction();
  await transaction.sendBatch({ acks: -1, topicMessages });
  await transaction.commit();
}

function isFencing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string' && FENCING.has(cause.type)) return true;
  }
  return false;
}
