import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { explainFailure, isMissingTable, mayPass } from './failure.ts';
import { migrate, pendingMigrations } from './migrate.ts';
import type { TableNames } from './names.ts';
import type { SqlPool, SqlSession } from './pool.ts';
import { askServer, type Server } from './server.ts';
import { CommitUnknown } from './transaction.ts';

/** A database that holds read models, ready for use: migrated, and known for what it can do. */
export interface SqlPlace {
  readonly names: TableNames;
  /** Whose server refuses every write. */
  readonly readers: SqlPool;
  readonly writers: SqlPool;
  server(): Promise<Server>;
  /**
   * Does work that may be done again, on a writer's connection: tried once more when the connection is lost or others
   * are in the way, and when the tables beside the models are gone and have been made anew.
   * @param what begins the message of a failure
   * @throws StoreUnavailable; what the work throws
   */
  work<Result>(what: string, work: (session: SqlSession, server: Server) => Promise<Result>): Promise<Result>;
}

export function sqlPlace(options: {
  readonly names: TableNames;
  readonly readers: SqlPool;
  readonly writers: SqlPool;
  /** Whether migrations are run at first use; otherwise a database that lacks some is refused. */
  readonly migrates: boolean;
  readonly onMigrated?: (names: readonly string[]) => void;
}): SqlPlace {
  const { names, readers, writers, migrates, onMigrated } = options;
  let ready: Promise<Server> | undefined;

  function server(): Promise<Server> {
    ready ??= writers.session(prepare).catch((error: unknown) => {
      // Asked again at the next use: the server may be back, or set up otherwise.
      ready = undefined;
      throw explainFailure('the database of the read models cannot be used', error);
    });
    return ready;
  }

  async function prepare(session: SqlSession): Promise<Server> {
    const found = await askServer(session);
    if (!migrates) await requireMigrated(session, names);
    const ran = await migrate(session, names);
    if (ran.length > 0) onMigrated?.(ran);
    return found;
  }

  return {
    names,
    readers,
    writers,
    server,
    async work(what, work) {
      for (let tried = 1; ; tried++) {
        const found = await server();
        try {
          return await writers.session((session) => work(session, found));
        } catch (thrown) {
          const error = thrown instanceof CommitUnknown ? thrown.failure : thrown;
          if (isMissingTable(error)) ready = undefined;
          const isWorthwhile = mayPass(error, tried) || (isMissingTable(error) && tried === 1);
          if (!isWorthwhile) throw explainFailure(what, error);
        }
      }
    },
  };
}

async function requireMigrated(session: SqlSession, names: TableNames): Promise<void> {
  const pending = await pendingMigrations(session, names);
  if (pending.length > 0) {
    throw new EngineUnfit(`the database lacks the migrations ${pending.join(', ')}: run them first`);
  }
}
