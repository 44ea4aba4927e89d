import type { Admin, IResourceConfigEntry } from 'kafkajs';
import type { KafkaNames } from './names.ts';

export interface TopicSettings {
  /** Of the topic with the events; cannot change afterwards. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** How long Kafka keeps events, which are read from the log when Kafka has them no more. */
  readonly retentionMs?: number;
}

const RETENTION_MS = 24 * 60 * 60 * 1000;

/** Bytes that one write to a partition may have: the default of brokers, so that none needs to be changed. */
export const MOST_BATCH_BYTES = 1_048_588;

/** A topic is there, but not as this program was told to have it. */
export class TopicMismatch extends Error {
  override readonly name = 'TopicMismatch';
}

/**
 * Creates the topics that are missing and looks at those that are there.
 * @throws TopicMismatch the events have another number of partitions than the settings say
 */
export async function ensureTopics(admin: Admin, names: KafkaNames, settings: TopicSettings): Promise<void> {
  const there = new Set(await admin.listTopics());
  const { partitions, replicationFactor } = settings;
  const topics = [
    { topic: names.events, numPartitions: partitions, replicationFactor, configEntries: eventsConfig(settings) },
    { topic: names.relay, numPartitions: 1, replicationFactor, configEntries: relayConfig },
  ].filter(({ topic }) => !there.has(topic));
  if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: true });
  // Somebody else may have created them meanwhile, so what counts is what is there now.
  const metadata = await admin.fetchTopicMetadata({ topics: [names.events, names.relay] });
  const count = (name: string): number => metadata.topics.find((topic) => topic.name === name)?.partitions.length ?? 0;
  requirePartitions(names.events, count(names.events), partitions);
  if (count(names.relay) !== 1) {
    throw new TopicMismatch(`the Kafka topic ${names.relay} must have one partition: delete it, and it is made anew`);
  }
}

function requirePartitions(topic: string, actual: number, wanted: number): void {
  if (actual === wanted) return;
  throw new TopicMismatch(
    `the Kafka topic ${topic} has ${actual} partitions, but ANNALS_KAFKA_PARTITIONS is ${wanted}: set it to ${actual}, ` +
      'or delete the topic, which is then made anew (no event is lost: they are in the event log)',
  );
}

function eventsConfig({ retentionMs = RETENTION_MS }: TopicSettings): IResourceConfigEntry[] {
  return [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(retentionMs) },
    { name: 'retention.bytes', value: String(512 * 1024 * 1024) },
    { name: 'segment.bytes', value: String(64 * 1024 * 1024) },
    { name: 'max.message.bytes', value: String(MOST_BATCH_BYTES) },
  ];
}

/**
 * Compacted, in small pieces and with little left of transactions, because a new holder reads the whole topic. Only
 * the last checkpoint matters.
 */
const relayConfig: IResourceConfigEntry[] = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(1024 * 1024) },
  { name: 'segment.ms', value: String(60 * 60 * 1000) },
  { name: 'min.cleanable.dirty.ratio', value: '0.1' },
  { name: 'delete.retention.ms', value: '60000' },
];
