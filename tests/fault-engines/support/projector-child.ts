import { openEventLog } from '../../../src/app/engines/event-log.ts';
import { openReadPlaces } from '../../../src/app/engines/read-places.ts';
import { engineSettings } from '../../../src/app/engines/settings.ts';
import { loadConfig } from '../../../src/config.ts';
import { decodeEventData } from '../../../src/domain/registry.ts';
import { openKafkaBus, parseKafkaUrl } from '../../../src/infrastructure/event-bus/kafka.ts';
import '../../../src/infrastructure/event-store/esdb.ts';
import { createSoleProjectorGroup } from '../../../src/infrastructure/event-bus/sole-projector-group.ts';
import '../../../src/infrastructure/read-stores/elasticsearch.ts';
import '../../../src/infrastructure/read-stores/mongo.ts';
import '../../../src/infrastructure/read-stores/sql.ts';
import { projections } from '../../../src/projections/all.ts';
import { openReadSide } from '../../../src/projections/engine/read-side.ts';
import { quiet } from '../../relay/support/logger.ts';
import { letGo } from './warm-child.ts';

/** Keeps up all read models of an installation, with what the product itself does that by, until it is killed. */
export interface ProjectorSettings {
  /** The installation's settings. */
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
}

export interface ProjectorStatus {
  /** How far its models have come since it began, all of them together. */
  readonly progress: number;
}

const { env, dataDir } = await letGo<ProjectorSettings>();
const config = loadConfig(env);
const settings = { ...engineSettings(config), dataDir };
const { store } = await openEventLog(settings, { logger: quiet, clock: Date.now });
const reading = await openReadPlaces(settings, quiet);
const names = projections.map(({ name }) => name);
const kafka = { ...parseKafkaUrl(config.kafkaBrokers ?? ''), clientId: 'annals-test' };
const { models } = await openReadSide({
  store,
  stores: reading.stores,
  projections,
  rebuild: { module: new URL('../../../src/app/engines/rebuild-parts.worker.ts', import.meta.url).href, settings },
  bus: openKafkaBus({ kafka, prefix: config.enginePrefix, store, decode: decodeEventData, logger: quiet }),
  shared: { group: createSoleProjectorGroup(names), places: reading.places },
  logger: quiet,
});
const position = () => names.reduce((sum, name) => sum + models.position(name), 0);
const first = position();
setInterval(() => process.send?.({ progress: position() - first } satisfies ProjectorStatus), 5);
