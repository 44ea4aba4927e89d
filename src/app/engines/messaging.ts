import type { Config } from '../../config.ts';
import { ConfigError } from '../../config/config-error.ts';
import { settings as settingNames } from '../../config/settings.ts';
import { decodeEventData } from '../../domain/registry.ts';
import { createInProcessBus } from '../../infrastructure/event-bus/in-process.ts';
import { createSoleProjectorGroup } from '../../infrastructure/event-bus/sole-projector-group.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { SharedCache } from '../../ports/coordination.ts';
import type { EventBus, ProjectorGroup } from '../../ports/event-bus.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Closing } from '../closing.ts';
import { reportRelay } from './relay-report.ts';
import { engineSettings } from './settings.ts';
import { openStoredLog } from './stored-log.ts';

/** What carries events to those who follow the log. */
export interface Messaging {
  readonly bus: EventBus;
  /** Of the bus's server; absent: the log itself carries them. */
  readonly probe?: Probe;
  /** Says which read models this process keeps up. */
  readonly group: ProjectorGroup;
}

export interface MessagingOptions {
  readonly store: EventStore;
  /** Names of the read models. */
  readonly models: readonly string[];
  /** Where the relay tells other processes how far it is. */
  readonly shared: SharedCache;
  readonly logger: Logger;
  readonly closing: Closing;
}

/**
 * Opens the bus that the settings name and, by this process's roles, takes part in the relay and in the group of
 * projectors. Kafka may be away.
 * @throws ConfigError the topic is there with another number of partitions, or the setting cannot be read
 */
export async function openMessaging(config: Config, options: MessagingOptions): Promise<Messaging> {
  const projects = config.roles.includes('projector');
  const alone = createSoleProjectorGroup(projects ? options.models : []);
  if (config.kafkaBrokers === undefined) return { bus: createInProcessBus(options.store), group: alone };

  // Clients of engines are loaded only when they are used.
  const { createKafkaProjectorGroup, openKafkaBus, parseKafkaUrl } =
    await import('../../infrastructure/event-bus/kafka.ts');
  const { store, models, logger, closing } = options;
  const kafka = { ...readSetting(config.kafkaBrokers, parseKafkaUrl), clientId: 'annals' };
  const prefix = config.enginePrefix;
  const bus = openKafkaBus({ kafka, prefix, store, decode: decodeEventData, logger });
  closing.add('event bus', () => bus.close());
  if (config.roles.includes('relay')) await joinRelay(config, kafka, options);
  // An embedded log belongs to one process, which then need not wait to be given its models.
  if (!projects || config.eventStoreUrl === undefined) return { bus, probe: bus, group: alone };
  const group = createKafkaProjectorGroup({ kafka, prefix, models, logger });
  closing.add('group of projectors', () => group.close());
  return { bus, probe: bus, group };
}

async function joinRelay(
  config: Config,
  kafka: { readonly brokers: readonly string[]; readonly clientId: string },
  { store, shared, logger, closing }: MessagingOptions,
): Promise<void> {
  const { startRelay, TopicMismatch } = await import('../../infrastructure/event-bus/kafka.ts');
  const log = await openStoredLog(engineSettings(config), store);
  closing.add('log of the relay', () => log.close());
  try {
    const topics = { partitions: config.kafkaPartitions, replicationFactor: config.kafkaReplication };
    const relay = await startRelay({ kafka, prefix: config.enginePrefix, topics, log, logger });
    closing.add('relay', () => relay.close());
    reportRelay(relay, shared, closing);
  } catch (error) {
    if (!(error instanceof TopicMismatch)) throw error;
    const { name } = settingNames.kafkaPartitions;
    throw new ConfigError([{ name, detail: error.message }], { cause: error });
  }
}

function readSetting<Value>(text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const { name, example } = settingNames.kafkaBrokers;
    throw new ConfigError([{ name, detail: error.message, example }], { cause: error });
  }
}
