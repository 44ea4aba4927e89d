import type { Logger } from '../../../ports/logger.ts';
import { ModelUnusable } from '../../../ports/read-stores.ts';
import { fieldsOf } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';
import { explainFailure, isFailure, unfit } from './failure.ts';
import { migrate, pendingMigrations } from './migrate.ts';
import type { IndexNames } from './names.ts';

/** The client library speaks the protocol of this version. */
const OLDEST_MAJOR = 9;

/** A server that holds read models, ready for use: of a version that fits, and migrated. */
export interface ElasticsearchPlace {
  readonly names: IndexNames;
  readonly connection: ElasticsearchConnection;
  /** The server's version. @throws EngineUnfit it cannot be used as it is set up; StoreUnavailable */
  ready(): Promise<string>;
  /** Does work on a version that is open: without its index, it is gone. @throws ModelUnusable; StoreUnavailable */
  work<Result>(what: string, work: () => Promise<Result>): Promise<Result>;
  /** Does work on what lies beside the models, after that was made anew if somebody has removed it. */
  workAnew<Result>(what: string, work: () => Promise<Result>): Promise<Result>;
}

export function elasticsearchPlace(options: {
  readonly names: IndexNames;
  readonly connection: ElasticsearchConnection;
  /** Whether migrations are run at first use; otherwise indices that lack some are refused. */
  readonly migrates: boolean;
  readonly logger?: Logger | undefined;
}): ElasticsearchPlace {
  const { names, connection, migrates, logger } = options;
  let asked: Promise<string> | undefined;

  function ready(): Promise<string> {
    asked ??= prepare().catch((error: unknown) => {
      // Asked again at the next use: the server may be back, or set up otherwise.
      asked = undefined;
      throw explainFailure(`Elasticsearch at ${connection.address} cannot be used`, error);
    });
    return asked;
  }

  async function prepare(): Promise<string> {
    const version = await askServer(connection);
    await settle();
    return version;
  }

  async function settle(): Promise<void> {
    if (!migrates) {
      const pending = await pendingMigrations(connection, names);
      if (pending.length === 0) return;
      throw unfit(`the search indices lack the migrations ${pending.join(', ')}: run them first`);
    }
    const done = await migrate(connection, names);
    if (done.length > 0) logger?.info({ migrations: done }, 'migrated the indices of the search read models');
  }

  return {
    names,
    connection,
    ready,
    async work(what, work) {
      try {
        await ready();
        return await work();
      } catch (error) {
        if (isFailure(error, 'missing')) throw new ModelUnusable(`${what}: its index is gone`, { cause: error });
        throw explainFailure(what, error);
      }
    },
    async workAnew(what, work) {
      try {
        await ready();
        await settle();
        return await work();
      } catch (error) {
        throw explainFailure(what, error);
      }
    },
  };
}

/** The server's version. @throws EngineUnfit it is too old; ElasticsearchFailure */
export async function askServer(connection: ElasticsearchConnection): Promise<string> {
  const version = String(fieldsOf(fieldsOf(await connection.ask({ method: 'GET', path: '/' }))['version'])['number']);
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return version;
  throw unfit(`Elasticsearch at ${connection.address} is ${version}; search models need ${OLDEST_MAJOR} or newer`);
}
