import { openEventLog } from '../../../src/app/engines/event-log.ts';
import { engineSettings } from '../../../src/app/engines/settings.ts';
import { openStoredLog } from '../../../src/app/engines/stored-log.ts';
import { loadConfig } from '../../../src/config.ts';
import { parseKafkaUrl } from '../../../src/infrastructure/event-bus/kafka.ts';
import '../../../src/infrastructure/event-store/esdb.ts';
import { quiet } from '../../relay/support/logger.ts';
import { publishUnelected } from '../../relay/support/publish-unelected.ts';
import { letGo } from './warm-child.ts';

/** Publishes an installation's log to Kafka, as a relay that was elected does, until it is killed. */
export interface RelaySettings {
  /** The installation's settings. */
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
}

const { env, dataDir } = await letGo<RelaySettings>();
const config = loadConfig(env);
const settings = { ...engineSettings(config), dataDir };
const { store } = await openEventLog(settings, { logger: quiet, clock: Date.now });
const log = await openStoredLog(settings, store);
const kafka = { ...parseKafkaUrl(config.kafkaBrokers ?? ''), clientId: 'annals-test' };
await publishUnelected({ kafka, prefix: config.enginePrefix, log }, (status) => process.send?.(status));
