import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { sessionDriver, sqlDialect } from './dialect.ts';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { explainFailure, isMissingTable } from './failure.ts';
import { migrationsOf } from './migrations.ts';
import { quoted, type TableNames } from './names.ts';
import type { SqlSession } from './pool.ts';

/** For one migration, and for another process to be done with the same. */
const STATEMENT_MS = 60_000;

/**
 * Names of the migrations that the database lacks, in their order. Changes nothing.
 * @throws EngineUnfit it has some that this program does not know; SqlFailure
 */
export async function pendingMigrations(session: SqlSession, names: TableNames): Promise<readonly string[]> {
  const known = Object.keys(migrationsOf(names)).sort();
  const done = await doneMigrations(session, names);
  const unknown = [...done].filter((name) => !known.includes(name)).sort();
  if (unknown.length > 0) {
    throw new EngineUnfit(
      `the database is newer than this program, which does not know its migrations ${unknown.join(', ')}: run the newer program, or take another database or prefix`,
    );
  }
  return known.filter((name) => !done.has(name));
}

/**
 * Brings the database to what this program needs, one process at a time. Answers the names of what ran.
 * @throws EngineUnfit; SqlFailure
 */
export async function migrate(session: SqlSession, names: TableNames): Promise<readonly string[]> {
  if ((await pendingMigrations(session, names)).length === 0) return [];
  const db = new Kysely<unknown>({ dialect: sqlDialect(sessionDriver(session, STATEMENT_MS)) });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrationsOf(names) }) },
    migrationTableName: names.migrations,
    migrationLockTableName: names.migrationLock,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    // A newer program may have been here since.
    await pendingMigrations(session, names);
    throw explainFailure('the database cannot be migrated', error);
  }
  return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName);
}

async function doneMigrations(session: SqlSession, names: TableNames): Promise<ReadonlySet<string>> {
  try {
    const { rows } = await session.run(`SELECT name FROM ${quoted(names.migrations)}`);
    return new Set(rows.map(({ name }) => String(name)));
  } catch (error) {
    if (isMissingTable(error)) return new Set();
    throw error;
  }
}
