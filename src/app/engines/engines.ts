import type { Config } from '../../config.ts';
import { settings as settingNames } from '../../config/settings.ts';
import type { EngineStatus } from '../../http/deps.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { Coordination } from '../../ports/coordination.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import { projections } from '../../projections/all.ts';
import type { ReadSideOptions } from '../../projections/engine/read-side.ts';
import type { Closing } from '../closing.ts';
import { refuseLogLeftBehind } from './embedded-log-left.ts';
import { openCoordination } from './coordination.ts';
import { openEventLog } from './event-log.ts';
import { openMessaging } from './messaging.ts';
import { createReadiness } from './readiness.ts';
import { unpublished } from './relay-report.ts';
import { openReadPlaces, readSettings, type ReadPlaces } from './read-places.ts';
import { requireReachable, type NamedEngine } from './require-reachable.ts';
import { engineSettings } from './settings.ts';
import { createEngineStatuses, type ServedBy } from './statuses.ts';

/** What the platform stands on: the log, the read stores, and what carries events from the one to the other. */
export interface Engines {
  readonly store: EventStore;
  readonly readSide: Pick<ReadSideOptions, 'stores' | 'rebuild' | 'bus' | 'shared'>;
  readonly coordination: Coordination;
  /** Other processes may write the same log. */
  readonly isShared: boolean;
  /** Whether what this process's roles cannot do without is there. */
  readonly isReady: () => Promise<boolean>;
  readonly statuses: () => Promise<Record<string, EngineStatus>>;
}

/**
 * Opens the engines that the settings name, embedded ones for the rest. Engines that are away do not stop the start:
 * what needs them waits or is refused until they are there.
 * @throws StoreUnavailable an embedded store cannot be opened; ConfigError an engine is there and set up otherwise
 */
export async function openEngines(
  config: Config,
  options: { readonly logger: Logger; readonly clock: () => number; readonly closing: Closing },
): Promise<Engines> {
  const { closing, logger } = options;
  const settings = engineSettings(config);
  await refuseLogLeftBehind(settings);
  const { store, probe } = await openEventLog(settings, options);
  closing.add('event store', () => store.close());
  const reading = await openReadPlaces(settings, logger);
  closing.add('read stores', () => reading.close());
  const models = projections.map(({ name }) => name);
  const { coordination, probe: redis } = await openCoordination(config, logger, closing);
  const shared = coordination.cache;
  const { bus, probe: kafka, group } = await openMessaging(config, { store, models, shared, logger, closing });

  const named = (setting: string, asked: Probe | undefined, rest: Partial<NamedEngine> = {}): readonly NamedEngine[] =>
    asked ? [{ setting, probe: asked, isVital: false, ...rest }] : [];
  await requireReachable(
    [
      ...named(settingNames.eventStoreUrl.name, probe, { isVital: true }),
      ...named(settingNames.kafkaBrokers.name, kafka),
      ...named(settingNames.redisUrl.name, redis),
      ...reading.places.flatMap(({ kinds: [kind = 'relational'], probe: asked, stores }) =>
        named(settingNames[readSettings[kind]].name, asked, { examine: () => stores.catalogue() }),
      ),
    ],
    logger,
  );

  const read = (kind: ReadPlaces['places'][number]['kinds'][number], usually: string, embedded: string): ServedBy =>
    servedBy(probeOf(reading, kind), usually, embedded);
  const lag = (): Promise<number | undefined> => unpublished(store, shared);
  const ports: Record<string, ServedBy> = {
    eventStore: servedBy(probe, 'EventStoreDB', 'SQLite'),
    bus: kafka === undefined ? 'in process' : { usually: 'Kafka', probe: kafka, lag },
    relational: read('relational', 'MySQL', 'SQLite'),
    documents: read('documents', 'MongoDB', 'SQLite'),
    search: read('search', 'Elasticsearch', 'SQLite FTS5'),
    cache: servedBy(redis, 'Redis', 'in memory'),
  };
  const isAlone = reading.embedded && reading.places.length === 1;
  return {
    store,
    readSide: {
      stores: reading.stores,
      rebuild: { module: new URL('./rebuild-parts.worker.ts', import.meta.url).href, settings },
      bus,
      // Embedded stores are open to this process alone and always there.
      ...(!isAlone && { shared: { group, places: reading.places } }),
    },
    coordination,
    isShared: config.eventStoreUrl !== undefined,
    isReady: createReadiness(config.roles, { eventStore: probe, bus: kafka }),
    statuses: createEngineStatuses(ports),
  };
}

function probeOf({ places }: ReadPlaces, kind: ReadPlaces['places'][number]['kinds'][number]) {
  return places.find(({ kinds }) => kinds.includes(kind))?.probe;
}

function servedBy(probe: Probe | undefined, usually: string, embedded: string): ServedBy {
  return probe === undefined ? embedded : { usually, probe };
}
