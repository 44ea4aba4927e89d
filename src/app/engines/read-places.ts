import { openStoresByKind } from '../../infrastructure/read-stores/by-kind.ts';
import { openSqliteReadStores } from '../../infrastructure/read-stores/sqlite.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ReadModel } from '../../ports/read-model.ts';
import type { ReadStores } from '../../ports/read-stores.ts';
import { projections } from '../../projections/all.ts';
import { pathsIn } from '../paths.ts';
import type { EngineSettings } from './settings.ts';

type Kind = ReadModel['kind'];

/** Read stores that fail by themselves, and the kinds of models that live there. */
export interface ReadPlace {
  readonly stores: ReadStores;
  readonly kinds: readonly Kind[];
  /** Absent for the embedded one, which is always there. */
  readonly probe?: Probe;
}

export interface ReadPlaces {
  readonly stores: ReadStores;
  readonly places: readonly ReadPlace[];
  /** None of the places is of this process alone, so that other processes can share all of them. */
  readonly embedded: boolean;
  readonly close: () => Promise<void>;
}

/** Which setting names the engine of a kind of models. */
export const readSettings = {
  relational: 'sqlUrl',
  documents: 'documentsUrl',
  search: 'searchUrl',
} as const satisfies Record<Kind, keyof EngineSettings>;

type Engine = ReadStores & Probe & { close(): Promise<void> };

/**
 * Opens the servers that the settings name for read models, by the kind of models that each holds. Clients of engines are loaded only when they are used: they would cost
 * the embedded product memory and time at its start. Connects when first used.
 */
export async function openReadEngines(settings: EngineSettings, logger?: Logger): Promise<ReadonlyMap<Kind, Engine>> {
  const engines = new Map<Kind, Engine>();
  const options = { prefix: settings.enginePrefix, ...(logger && { logger }) };
  if (settings.sqlUrl !== undefined) {
    const { openSqlReadStores } = await import('../../infrastructure/read-stores/sql.ts');
    engines.set('relational', openSqlReadStores({ ...options, url: settings.sqlUrl }));
  }
  if (settings.documentsUrl !== undefined) {
    const { openMongoReadStores } = await import('../../infrastructure/read-stores/mongo.ts');
    engines.set('documents', openMongoReadStores({ ...options, url: settings.documentsUrl }));
  }
  if (settings.searchUrl !== undefined) {
    const { openElasticsearchReadStores } = await import('../../infrastructure/read-stores/elasticsearch.ts');
    engines.set('search', openElasticsearchReadStores({ ...options, url: settings.searchUrl }));
  }
  return engines;
}

/** Opens the read stores that the settings name, embedded ones for the rest. */
export async function openReadPlaces(settings: EngineSettings, logger?: Logger): Promise<ReadPlaces> {
  const engines = await openReadEngines(settings, logger);
  const kinds: readonly Kind[] = ['relational', 'documents', 'search'];
  const atHome = kinds.filter((kind) => !engines.has(kind));
  const embedded = atHome.length > 0 ? openSqliteReadStores({ dir: pathsIn(settings.dataDir).readModels }) : undefined;
  const places: ReadPlace[] = [...engines].map(([kind, engine]) => ({ stores: engine, kinds: [kind], probe: engine }));
  if (embedded) places.push({ stores: embedded, kinds: atHome });
  return {
    stores: embedded && engines.size === 0 ? embedded : byKind(places),
    places,
    embedded: embedded !== undefined,
    async close() {
      await Promise.all([...engines.values()].map((engine) => engine.close()));
    },
  };
}

function byKind(places: readonly ReadPlace[]): ReadStores {
  const kindOf = new Map(projections.map(({ name, model }) => [name, model.kind]));
  const placeOf = (kind: Kind): ReadStores => {
    const place = places.find(({ kinds }) => kinds.includes(kind));
    if (place === undefined) throw new TypeError(`no read store holds ${kind} models`);
    return place.stores;
  };
  return openStoresByKind(
    { relational: placeOf('relational'), documents: placeOf('documents'), search: placeOf('search') },
    (name) => {
      const kind = kindOf.get(name);
      if (kind === undefined) throw new TypeError(`there is no read model ${name}`);
      return kind;
    },
  );
}
