import { ModelUnusable, type ModelDefinition, type OpenModel, type ReadStores } from '../../ports/read-stores.ts';
import type { Logger } from '../../ports/logger.ts';
import type { RelationalModel } from '../../ports/read-model.ts';
import { readCatalogue, writeCatalogue } from './sql/catalogue.ts';
import { explainFailure, isMissingTable } from './sql/failure.ts';
import { migrate, pendingMigrations } from './sql/migrate.ts';
import { addIndexes, createTable } from './sql/model-table.ts';
import { createModelStore } from './sql/model-store.ts';
import { quoted, tableNames } from './sql/names.ts';
import { sqlPlace } from './sql/place.ts';
import { openSqlPool, type SqlSession } from './sql/pool.ts';
import { relationalReader } from './sql/relational-reader.ts';
import { productOf } from './sql/server.ts';
import { beginVersion, finishVersion, removeVersion, requireFinished, versionsOf } from './sql/versions.ts';

export interface SqlReadStoresOptions {
  /** `mysql://user:password@host:3306/database`; TLS and the like as mysql2 takes them in a URL. */
  readonly url: string;
  /** Begins the names of all tables, where several installations share a database. */
  readonly prefix?: string;
  /** `auto`, the default, runs what the database lacks at first use; `refuse` refuses such a database. */
  readonly migrations?: 'auto' | 'refuse';
  readonly logger?: Logger;
}

/** Where the tables are. */
export type SqlPlaceOptions = Pick<SqlReadStoresOptions, 'url' | 'prefix'>;

export interface SqlReadStores extends ReadStores {
  /** @throws StoreUnavailable */
  ping(): Promise<{ readonly engine: string; readonly version: string; readonly latencyMs: number }>;
  /** Ends all connections. Models that are open end with it. */
  close(): Promise<void>;
}

/**
 * Relational read models in MySQL 8 or MariaDB, each version in a table of its own. Connects when first used, and again
 * whenever the server has been away; until it is back, every method throws StoreUnavailable.
 * @throws TypeError the URL is none or names no database, or the prefix cannot begin a table's name
 */
export function openSqlReadStores(options: SqlReadStoresOptions): SqlReadStores {
  const { url, prefix = '', migrations = 'auto', logger } = options;
  const names = tableNames(prefix);
  const place = sqlPlace({
    names,
    readers: openSqlPool(url, 'read'),
    writers: openSqlPool(url, 'write'),
    migrates: migrations === 'auto',
    onMigrated: (ran) => logger?.info({ migrations: ran }, 'database of the read models migrated'),
  });

  function opened(definition: ModelDefinition, version: number, maxPacket: number): OpenModel {
    const model = relational(definition);
    const table = names.model(model.table, version);
    let isClosed = false;
    const onClose = (): void => {
      isClosed = true;
    };
    return {
      store: createModelStore({ place, definition, model, version, table, maxPacket, onClose }),
      reader: relationalReader({
        name: definition.name,
        readers: place.readers,
        table: model.table,
        versioned: table,
        isClosed: () => isClosed,
      }),
    };
  }

  return {
    catalogue: () => place.work('the catalogue cannot be read', (session) => readCatalogue(session, names)),
    publish: (entries) =>
      place.work('the catalogue cannot be written', (session) => writeCatalogue(session, names, entries)),
    versions: ({ name }) =>
      place.work(`the versions of ${name} cannot be read`, (session) => versionsOf(session, names, name)),
    create: (definition, version) =>
      place.work(`${definition.name} cannot be created`, async (session, server) => {
        const model = relational(definition);
        const withIndexes = (table: string): string => createTable(model, table, server, true);
        await beginVersion(session, names, definition, version, withIndexes);
        await finishVersion(session, names, definition, version);
        return opened(definition, version, server.maxPacket);
      }),
    open: (definition, version) =>
      place.work(`${definition.name} cannot be opened`, async (session, server) => {
        await requireFinished(session, names, definition, version);
        return opened(definition, version, server.maxPacket);
      }),
    build: (definition, version) =>
      place.work(`${definition.name} cannot be built`, async (session, server) => {
        const model = relational(definition);
        const bare = (table: string): string => createTable(model, table, server, false);
        const table = await beginVersion(session, names, definition, version, bare);
        const { store } = opened(definition, version, server.maxPacket);
        return {
          store,
          async finish() {
            const added = addIndexes(model, table, server);
            const statements = [...(added === undefined ? [] : [added]), `ANALYZE TABLE ${quoted(table)}`];
            await finishing(definition, () =>
              place.writers.session((ending) => finishVersion(ending, names, definition, version, statements)),
            );
            await store.close();
          },
        };
      }),
    drop: (definition, version) =>
      place.work(`${definition.name} cannot be dropped`, (session) =>
        removeVersion(session, names, definition, version),
      ),
    async ping() {
      const started = performance.now();
      try {
        const { rows } = await place.readers.session((session) => session.run('SELECT VERSION() AS version'));
        const latencyMs = performance.now() - started;
        return { ...productOf(String(rows[0]?.['version'])), latencyMs };
      } catch (error) {
        throw explainFailure('the database of the read models does not answer', error);
      }
    },
    async close() {
      await Promise.all([place.readers.close(), place.writers.close()]);
    },
  };
}

/** Names of the migrations that the database lacks. Changes nothing. @throws EngineUnfit; StoreUnavailable */
export function planSqlMigrations({ url, prefix = '' }: SqlPlaceOptions): Promise<readonly string[]> {
  return alone(url, (session) => pendingMigrations(session, tableNames(prefix)));
}

/** Runs the migrations that the database lacks, and answers their names. @throws EngineUnfit; StoreUnavailable */
export function migrateSql({ url, prefix = '' }: SqlPlaceOptions): Promise<readonly string[]> {
  return alone(url, (session) => migrate(session, tableNames(prefix)));
}

async function alone<Result>(url: string, work: (session: SqlSession) => Promise<Result>): Promise<Result> {
  const pool = openSqlPool(url, 'write');
  try {
    return await pool.session(work);
  } catch (error) {
    throw explainFailure('the database cannot be migrated', error);
  } finally {
    await pool.close();
  }
}

async function finishing({ name }: ModelDefinition, finish: () => Promise<void>): Promise<void> {
  try {
    await finish();
  } catch (error) {
    if (isMissingTable(error)) throw new ModelUnusable(`${name} is gone from the database`, { cause: error });
    throw explainFailure(`${name} cannot be finished`, error);
  }
}

function relational({ name, model }: ModelDefinition): RelationalModel {
  if (model.kind !== 'relational')
    throw new TypeError(`${name} holds ${model.kind}; this store is for relational models`);
  return model;
}
