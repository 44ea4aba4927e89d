import type { Probe } from '../../ports/engine-probe.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { DecodeEventData, EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { KafkaAccess } from './kafka/access.ts';
import { createKafkaClient } from './kafka/client.ts';
import { readEvents } from './kafka/event-source.ts';
import { createLiveBus } from './kafka/live-bus.ts';
import { kafkaNames } from './kafka/names.ts';
import { createKafkaProbe } from './kafka/probe.ts';

export { parseKafkaUrl } from './kafka/access.ts';
export type { KafkaAccess } from './kafka/access.ts';
export { examineKafkaTopics } from './kafka/examine.ts';
export { createKafkaProjectorGroup } from './kafka/projector-group.ts';
export { startRelay } from './kafka/relay.ts';
export type { Relay, RelayOptions, RelayStatus } from './kafka/relay.ts';
export { TopicMismatch } from './kafka/topics.ts';

export interface KafkaBusOptions {
  readonly kafka: KafkaAccess;
  /** What the names of this installation's topics begin with, such as `annals.`. */
  readonly prefix: string;
  /** The log, read for whatever Kafka does not have. It stays open. */
  readonly store: Pick<EventStore, 'readAll' | 'head'>;
  /** The codec of the store. */
  readonly decode: DecodeEventData;
  readonly logger: Logger;
}

/**
 * The bus that hears of events through Kafka. It starts without Kafka, goes on without it, and finds it again; the log
 * is then asked twice a second.
 * @throws TypeError the prefix cannot begin the name of a topic
 */
export function openKafkaBus(options: KafkaBusOptions): EventBus & Probe {
  const { store, decode, logger } = options;
  const kafka = createKafkaClient(options.kafka, logger);
  const names = kafkaNames(options.prefix);
  const probe = createKafkaProbe(options.kafka, logger);
  const bus = createLiveBus({
    store,
    decode,
    logger,
    source: (deliver) => readEvents({ kafka, names, logger }, deliver),
  });
  return {
    subscribe: (subscription) => bus.subscribe(subscription),
    ping: () => probe.ping(),
    async close() {
      await Promise.all([bus.close(), probe.close()]);
    },
  };
}
