import type { Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ModelDefinition, OpenModel, ReadStores } from '../../ports/read-stores.ts';
import { addIndexes, createBuild } from './mongo/build.ts';
import { readCatalogue, writeCatalogue } from './mongo/catalogue.ts';
import { mongoConnection } from './mongo/connection.ts';
import { documentReader } from './mongo/document-reader.ts';
import { explainFailure } from './mongo/failure.ts';
import { migrate, pendingMigrations } from './mongo/migrate.ts';
import { createModelStore } from './mongo/model-store.ts';
import { collectionNames } from './mongo/names.ts';
import { persist } from './mongo/persist.ts';
import { mongoPlace } from './mongo/place.ts';
import { askServer } from './mongo/server.ts';
import {
  beginVersion,
  documentModel,
  finishedVersion,
  finishVersion,
  removeVersion,
  versionsOf,
  type OpenVersion,
} from './mongo/versions.ts';

const PATIENCE_MS = 3_000;

export interface MongoReadStoresOptions {
  /** A connection string. The database that it names holds everything; without one, `annals` does. */
  readonly url: string;
  /** Begins the names of all collections, where several installations share a database. */
  readonly prefix?: string;
  readonly logger?: Logger;
  /** How long a MongoDB that is away is waited for before something is unavailable, in milliseconds. */
  readonly patienceMs?: number;
  /** `auto`, the default, runs what the database lacks at first use; `refuse` refuses such a database. */
  readonly migrations?: 'auto' | 'refuse';
}

/** Where the collections are. */
export type MongoPlaceOptions = Pick<MongoReadStoresOptions, 'url' | 'prefix'>;

export type MongoReadStores = ReadStores & Probe & { close(): Promise<void> };

/**
 * Models of documents in MongoDB, each version in a collection of its own: `<prefix><collection>_v<n>`. Connects when
 * first used. While MongoDB is away every method throws StoreUnavailable within seconds, and works again when it is
 * back; EngineUnfit says that it can be reached but not be used as it is set up: a wrong password, no replica set, a
 * database of a newer program, a URL that is none.
 * @throws TypeError the prefix cannot begin a collection's name
 */
export function openMongoReadStores(options: MongoReadStoresOptions): MongoReadStores {
  const { url, prefix = '', logger, patienceMs = PATIENCE_MS, migrations = 'auto' } = options;
  const names = collectionNames(prefix);
  const connection = mongoConnection(url, patienceMs);
  const place = mongoPlace({ names, connection, migrates: migrations === 'auto', logger });

  function opened(definition: ModelDefinition, version: OpenVersion): OpenModel {
    const model = documentModel(definition);
    return {
      store: createModelStore(place, model, version),
      reader: documentReader(place, model, version),
    };
  }

  return {
    catalogue: () => place.work('the catalogue of documents cannot be read', (db) => readCatalogue(db, names)),
    publish: (entries) =>
      place.workAnew('the catalogue of documents cannot be written', (db) => writeCatalogue(db, names, entries)),
    versions: ({ name }) => place.work(`the versions of ${name} cannot be read`, (db) => versionsOf(db, names, name)),
    create: (definition, version) =>
      place.workAnew(`version ${version} of ${definition.name} cannot be made`, async (db) => {
        const record = await beginVersion(db, names, definition, version);
        await addIndexes(db, documentModel(definition), record.collection, patienceMs);
        await finishVersion(db, names, record, 0);
        return opened(definition, record);
      }),
    open: (definition, version) =>
      place.work(`version ${version} of ${definition.name} cannot be opened`, async (db) =>
        opened(definition, await finishedVersion(db, names, definition, version)),
      ),
    build: (definition, version) =>
      place.workAnew(`version ${version} of ${definition.name} cannot be made`, async (db) =>
        createBuild(place, documentModel(definition), await beginVersion(db, names, definition, version)),
      ),
    drop: (definition, version) =>
      place.workAnew(`version ${version} of ${definition.name} cannot be removed`, (db) =>
        removeVersion(db, names, definition, version),
      ),
    async ping() {
      const { version } = await place.ready();
      const askedAt = performance.now();
      try {
        await (await connection.db()).command({ hello: 1 });
      } catch (error) {
        throw explainFailure(`MongoDB at ${connection.address} does not answer`, error);
      }
      return { engine: 'MongoDB', version, latencyMs: performance.now() - askedAt };
    },
    close: () => connection.close(),
  };
}

/**
 * Names of the migrations that the database lacks, in their order. Changes nothing.
 * @throws EngineUnfit; StoreUnavailable
 */
export function planMongoMigrations(options: MongoPlaceOptions): Promise<readonly string[]> {
  return migrating(options, pendingMigrations);
}

/**
 * Brings the database to what this program needs, one process at a time. Answers the names of what ran.
 * @throws EngineUnfit; StoreUnavailable
 */
export function migrateMongo(options: MongoPlaceOptions): Promise<readonly string[]> {
  return migrating(options, migrate);
}

async function migrating({ url, prefix = '' }: MongoPlaceOptions, work: typeof migrate): Promise<readonly string[]> {
  const names = collectionNames(prefix);
  const connection = mongoConnection(url, PATIENCE_MS);
  try {
    return await persist(PATIENCE_MS, async () => {
      await askServer(connection);
      return work(await connection.db(), names);
    });
  } catch (error) {
    throw explainFailure(`MongoDB at ${connection.address} cannot be used`, error);
  } finally {
    await connection.close();
  }
}
