import type { Config } from '../../config.ts';
import { settings as settingNames } from '../../config/settings.ts';
import { createPinoLogger } from '../../infrastructure/logging/pino-logger.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import { openEventLog } from './event-log.ts';
import { openReadEngines, readSettings } from './read-places.ts';
import { engineSettings } from './settings.ts';

/** What was found out about one engine. */
export interface EngineFinding {
  /** The setting that names it. */
  readonly setting: string;
  readonly ok: boolean;
  readonly found: string;
  /** How to mend what is wrong; empty when nothing is. */
  readonly advice: string;
}

const advice: Readonly<Record<string, string>> = {
  [settingNames.eventStoreUrl.name]:
    'see that the server runs, and that the connection string names it (tls=false without TLS)',
  [settingNames.kafkaBrokers.name]:
    'see that the brokers run, and that their advertised listeners can be reached from here',
  [settingNames.sqlUrl.name]: 'see that MySQL 8 or MariaDB runs, and that user, password and database are right',
  [settingNames.documentsUrl.name]:
    'see that MongoDB runs as a replica set (rs.initiate() makes one of a single server)',
  [settingNames.searchUrl.name]: 'see that Elasticsearch 8 or 9 runs, and that no index is blocked by a full disk',
  [settingNames.redisUrl.name]: 'see that Redis 6.2 or newer runs, and that user and password are right',
};

/** Asks every engine that the settings name how it is. Changes nothing but what a start would migrate. */
export async function examineEngines(config: Config): Promise<readonly EngineFinding[]> {
  const logger = createPinoLogger({ level: 'silent', format: 'json' });
  const findings = await Promise.all([
    examineLog(config, logger),
    examineReadStores(config, logger),
    examineKafka(config, logger),
    examineRedis(config, logger),
  ]);
  return findings.flat();
}

async function examineLog(config: Config, logger: Logger): Promise<readonly EngineFinding[]> {
  if (config.eventStoreUrl === undefined) return [];
  const { store, probe } = await openEventLog(engineSettings(config), { logger, clock: Date.now });
  const finding = probe && (await find(settingNames.eventStoreUrl.name, probe));
  await store.close();
  return finding ? [finding] : [];
}

async function examineReadStores(config: Config, logger: Logger): Promise<readonly EngineFinding[]> {
  const engines = await openReadEngines(engineSettings(config), logger);
  const findings = [...engines].map(async ([kind, engine]) => {
    const finding = await find(settingNames[readSettings[kind]].name, engine, () => engine.catalogue());
    await engine.close();
    return finding;
  });
  return Promise.all(findings);
}

async function examineKafka(config: Config, logger: Logger): Promise<readonly EngineFinding[]> {
  if (config.kafkaBrokers === undefined) return [];
  const { examineKafkaTopics, parseKafkaUrl } = await import('../../infrastructure/event-bus/kafka.ts');
  const { name } = settingNames.kafkaBrokers;
  try {
    const kafka = { ...parseKafkaUrl(config.kafkaBrokers), clientId: 'annals-doctor' };
    const topics = { partitions: config.kafkaPartitions, replicationFactor: config.kafkaReplication };
    const { found, problems } = await examineKafkaTopics({ kafka, prefix: config.enginePrefix, topics, logger });
    return [{ setting: name, ok: problems.length === 0, found, advice: problems.join('; ') }];
  } catch (error) {
    return [failed(name, error)];
  }
}

async function examineRedis(config: Config, logger: Logger): Promise<readonly EngineFinding[]> {
  if (config.redisUrl === undefined) return [];
  const { openRedisCoordination } = await import('../../infrastructure/coordination/redis.ts');
  const { name } = settingNames.redisUrl;
  const redis = openRedisCoordination({ url: config.redisUrl, prefix: config.enginePrefix, logger });
  try {
    const finding = await find(name, redis);
    if (!finding.ok) return [finding];
    const problems = await redis.check();
    return [
      finding,
      ...problems.map(({ problem, remedy }) => ({ setting: name, ok: false, found: problem, advice: remedy })),
    ];
  } finally {
    await redis.close();
  }
}

async function find(setting: string, probe: Probe, examine?: () => Promise<unknown>): Promise<EngineFinding> {
  try {
    const { engine, version, latencyMs } = await probe.ping();
    await examine?.();
    return { setting, ok: true, found: `${engine} ${version}, answers in ${latencyMs.toFixed(1)} ms`, advice: '' };
  } catch (error) {
    return failed(setting, error);
  }
}

function failed(setting: string, error: unknown): EngineFinding {
  const found = error instanceof Error ? error.message : String(error);
  return { setting, ok: false, found, advice: advice[setting] ?? '' };
}
