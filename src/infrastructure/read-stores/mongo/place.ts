import type { Db } from 'mongodb';
import type { Logger } from '../../../ports/logger.ts';
import type { MongoConnection } from './connection.ts';
import { explainFailure, unfit } from './failure.ts';
import { migrate, pendingMigrations } from './migrate.ts';
import type { CollectionNames } from './names.ts';
import { persist } from './persist.ts';
import { askServer, type MongoServer } from './server.ts';

/** A database that holds read models, ready for use: a replica set's, and migrated. */
export interface MongoPlace {
  readonly names: CollectionNames;
  readonly connection: MongoConnection;
  /** @throws EngineUnfit it cannot be used as it is set up; StoreUnavailable */
  ready(): Promise<MongoServer>;
  /**
   * Does work on the database.
   * @param what begins the message of a failure
   * @throws StoreUnavailable; what the work throws
   */
  work<Result>(what: string, work: (db: Db) => Promise<Result>): Promise<Result>;
  /**
   * Does work that may be begun anew, on what lies beside the models, until it is done: others may be in its way, and
   * somebody may have emptied the database meanwhile.
   */
  workAnew<Result>(what: string, work: (db: Db) => Promise<Result>): Promise<Result>;
}

export function mongoPlace(options: {
  readonly names: CollectionNames;
  readonly connection: MongoConnection;
  /** Whether migrations are run at first use; otherwise a database that lacks some is refused. */
  readonly migrates: boolean;
  readonly logger?: Logger | undefined;
}): MongoPlace {
  const { names, connection, migrates, logger } = options;
  let asked: Promise<MongoServer> | undefined;

  function ready(): Promise<MongoServer> {
    asked ??= persist(connection.patienceMs, prepare).catch((error: unknown) => {
      // Asked again at the next use: the server may be back, or set up otherwise.
      asked = undefined;
      throw explainFailure(`MongoDB at ${connection.address} cannot be used`, error);
    });
    return asked;
  }

  async function prepare(): Promise<MongoServer> {
    const server = await askServer(connection);
    await settle(await connection.db());
    return server;
  }

  async function settle(db: Db): Promise<void> {
    if (!migrates) {
      const pending = await pendingMigrations(db, names);
      if (pending.length === 0) return;
      throw unfit(`the database lacks the migrations ${pending.join(', ')}: run them first`);
    }
    const done = await migrate(db, names);
    if (done.length > 0) logger?.info({ migrations: done }, 'migrated the database of the document read models');
  }

  async function explained<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      await ready();
      return await work();
    } catch (error) {
      throw explainFailure(what, error);
    }
  }

  return {
    names,
    connection,
    ready,
    work: (what, work) => explained(what, async () => work(await connection.db())),
    workAnew: (what, work) =>
      explained(what, () =>
        persist(connection.patienceMs, async () => {
          const db = await connection.db();
          await settle(db);
          return work(db);
        }),
      ),
  };
}
