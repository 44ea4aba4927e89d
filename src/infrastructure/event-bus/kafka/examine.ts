import kafkajs from 'kafkajs';
import type { Logger } from '../../../ports/logger.ts';
import type { KafkaAccess } from './access.ts';
import { createKafkaClient } from './client.ts';
import { explainKafkaFailure } from './failure.ts';
import { kafkaNames } from './names.ts';
import { MOST_BATCH_BYTES, type TopicSettings } from './topics.ts';

/** What Kafka holds for an installation, and what is wrong with it, each with its remedy. */
export interface KafkaExamination {
  readonly found: string;
  readonly problems: readonly string[];
}

/** Looks at the brokers and at the topic of events, and changes nothing. @throws StoreUnavailable */
export async function examineKafkaTopics(options: {
  readonly kafka: KafkaAccess;
  readonly prefix: string;
  readonly topics: TopicSettings;
  readonly logger: Logger;
}): Promise<KafkaExamination> {
  const { events } = kafkaNames(options.prefix);
  const { partitions, replicationFactor } = options.topics;
  const admin = createKafkaClient(options.kafka, options.logger).admin({ retry: { retries: 1 } });
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const problems: string[] = [];
    if (replicationFactor > brokers.length) {
      problems.push(
        `ANNALS_KAFKA_REPLICATION is ${replicationFactor}: set it to ${brokers.length} at most, or add brokers`,
      );
    }
    if (!(await admin.listTopics()).includes(events)) {
      return { found: `brokers: ${brokers.length}; the topic ${events} is made at the first start`, problems };
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [events] });
    const actual = topics[0]?.partitions.length ?? 0;
    if (actual !== partitions) {
      problems.push(
        `${events} has ${actual} partitions: set ANNALS_KAFKA_PARTITIONS to ${actual}, or delete the topic`,
      );
    }
    const config = await topicConfig(admin, events);
    if (config.get('cleanup.policy') !== 'delete') {
      problems.push(`${events} has cleanup.policy ${config.get('cleanup.policy') ?? 'unknown'}: set it to delete`);
    }
    if (Number(config.get('max.message.bytes') ?? 0) < MOST_BATCH_BYTES) {
      problems.push(`${events} takes messages of ${config.get('max.message.bytes')} bytes: allow ${MOST_BATCH_BYTES}`);
    }
    return { found: `brokers: ${brokers.length}; ${events}: ${actual} partitions`, problems };
  } catch (error) {
    throw explainKafkaFailure(error);
  } finally {
    await admin.disconnect();
  }
}

async function topicConfig(
  admin: ReturnType<ReturnType<typeof createKafkaClient>['admin']>,
  topic: string,
): Promise<ReadonlyMap<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
}
