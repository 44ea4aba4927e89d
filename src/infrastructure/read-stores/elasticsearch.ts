import type { Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ModelDefinition, OpenModel, ReadStores } from '../../ports/read-stores.ts';
import { createBuild } from './elasticsearch/build.ts';
import { readCatalogue, writeCatalogue } from './elasticsearch/catalogue.ts';
import { readCheckpoint, writeCheckpoint } from './elasticsearch/checkpoint.ts';
import { elasticsearchConnection, type ElasticsearchConnection } from './elasticsearch/connection.ts';
import { explainFailure } from './elasticsearch/failure.ts';
import { migrate, pendingMigrations } from './elasticsearch/migrate.ts';
import { createModelStore } from './elasticsearch/model-store.ts';
import { indexNames, type IndexNames } from './elasticsearch/names.ts';
import { askServer, elasticsearchPlace } from './elasticsearch/place.ts';
import { searchReader } from './elasticsearch/search-reader.ts';
import { settle } from './elasticsearch/settle.ts';
import {
  beginVersion,
  removeVersion,
  searchModel,
  versionIn,
  versionsOf,
  type OpenVersion,
} from './elasticsearch/versions.ts';

const PATIENCE_MS = 3_000;

export interface ElasticsearchReadStoresOptions {
  /** Of one server, with user and password where it asks for them. */
  readonly url: string;
  /** Begins the names of all indices, where several installations share a server. */
  readonly prefix?: string;
  readonly logger?: Logger;
  /** How long an answer is waited for before something is unavailable, in milliseconds. */
  readonly patienceMs?: number;
  /** `auto`, the default, runs what the indices lack at first use; `refuse` refuses such indices. */
  readonly migrations?: 'auto' | 'refuse';
}

/** Where the indices are. */
export type ElasticsearchPlaceOptions = Pick<ElasticsearchReadStoresOptions, 'url' | 'prefix'>;

export type ElasticsearchReadStores = ReadStores & Probe & { close(): Promise<void> };

/**
 * Search models in Elasticsearch, each version in an index of its own: `<prefix><index>_v<n>`. Connects when first
 * used. While Elasticsearch is away, or an index is blocked, every method throws StoreUnavailable within seconds, and
 * works again when that is over; EngineUnfit says that it can be reached but not be used as it is set up: a wrong
 * password, too old a version, indices of a newer program, a URL that is none.
 * @throws TypeError the prefix cannot begin an index's name
 */
export function openElasticsearchReadStores(options: ElasticsearchReadStoresOptions): ElasticsearchReadStores {
  const { url, prefix = '', logger, patienceMs = PATIENCE_MS, migrations = 'auto' } = options;
  const names = indexNames(prefix);
  const connection = elasticsearchConnection(url, patienceMs);
  const place = elasticsearchPlace({ names, connection, migrates: migrations === 'auto', logger });

  function opened(definition: ModelDefinition, version: OpenVersion): OpenModel {
    const model = searchModel(definition);
    return { store: createModelStore(place, model, version), reader: searchReader(place, model, version) };
  }

  return {
    catalogue: () =>
      place.workAnew('the catalogue of search models cannot be read', () => readCatalogue(connection, names)),
    publish: (entries) =>
      place.workAnew('the catalogue of search models cannot be written', () =>
        writeCatalogue(connection, names, entries),
      ),
    versions: (definition) =>
      place.workAnew(`the versions of ${definition.name} cannot be read`, () =>
        versionsOf(connection, names, definition),
      ),
    create: (definition, version) =>
      place.workAnew(`version ${version} of ${definition.name} cannot be made`, async () => {
        const begun = await beginVersion(connection, names, definition, version, false);
        const empty = { position: 0, number: 0, last: '', pending: null };
        await writeCheckpoint(connection, names, begun, undefined, empty);
        return opened(definition, begun);
      }),
    open: (definition, version) =>
      place.work(`version ${version} of ${definition.name} cannot be opened`, async () => {
        const found = await versionIn(connection, names, definition, version);
        await settle(place, found, await readCheckpoint(connection, names, found));
        return opened(definition, found);
      }),
    build: (definition, version) =>
      place.workAnew(`version ${version} of ${definition.name} cannot be made`, async () =>
        createBuild(place, searchModel(definition), await beginVersion(connection, names, definition, version, true)),
      ),
    drop: (definition, version) =>
      place.workAnew(`version ${version} of ${definition.name} cannot be removed`, () =>
        removeVersion(connection, names, definition, version),
      ),
    async ping() {
      await place.ready();
      const askedAt = performance.now();
      try {
        const version = await askServer(connection);
        return { engine: 'Elasticsearch', version, latencyMs: performance.now() - askedAt };
      } catch (error) {
        throw explainFailure(`Elasticsearch at ${connection.address} does not answer`, error);
      }
    },
    close: () => connection.close(),
  };
}

/**
 * Names of the migrations that the server's indices lack, in their order. Changes nothing.
 * @throws EngineUnfit; StoreUnavailable
 */
export function planElasticsearchMigrations(options: ElasticsearchPlaceOptions): Promise<readonly string[]> {
  return migrating(options, pendingMigrations);
}

/**
 * Brings the server's indices to what this program needs. Answers the names of what ran.
 * @throws EngineUnfit; StoreUnavailable
 */
export function migrateElasticsearch(options: ElasticsearchPlaceOptions): Promise<readonly string[]> {
  return migrating(options, migrate);
}

async function migrating(
  { url, prefix = '' }: ElasticsearchPlaceOptions,
  work: (connection: ElasticsearchConnection, names: IndexNames) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const names = indexNames(prefix);
  const connection = elasticsearchConnection(url, PATIENCE_MS);
  try {
    await askServer(connection);
    return await work(connection, names);
  } catch (error) {
    throw explainFailure(`Elasticsearch at ${connection.address} cannot be used`, error);
  } finally {
    await connection.close();
  }
}
