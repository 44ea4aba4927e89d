import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { announcementOf } from '../../../src/infrastructure/event-bus/kafka/message.ts';
import type { Announcement } from '../../../src/infrastructure/event-bus/kafka/message.ts';
import type { Installation } from './installation.ts';
import { until } from './until.ts';

/** Everything that was committed to the events' topic, up to an event, by position. Messages repeated stay repeated. */
export async function readTopic(
  { kafka, names }: Pick<Installation, 'kafka' | 'names'>,
  through: number,
): Promise<readonly Announcement[]> {
  const consumer = new kafkajs.Kafka({
    ...kafka,
    brokers: [...kafka.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  }).consumer({
    groupId: `${names.readers}${randomUUID()}`,
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
  });
  const seen: Announcement[] = [];
  let quietFetches = 0;
  consumer.on('consumer.fetch', () => quietFetches++);
  await consumer.connect();
  await consumer.subscribe({ topics: [names.events], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      quietFetches = 0;
      seen.push(...batch.messages.map(announcementOf).filter((message) => message !== undefined));
    },
  });
  // Some fetches without anything new, after the last event, show that nothing stands behind it either.
  await until('the topic is read', () => seen.some(({ position }) => position === through) && quietFetches > 3);
  await consumer.disconnect();
  return seen.toSorted((a, b) => a.position - b.position);
}

/** Places where a message does not continue the one before it. */
export function breaksIn(messages: readonly Announcement[]): readonly string[] {
  return messages.flatMap(({ position, previous }, index) => {
    const before = messages[index - 1];
    return before === undefined || before.position === previous
      ? []
      : [`${previous} → ${position} after ${before.position}`];
  });
}
