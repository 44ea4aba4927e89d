import { fieldsOf, listOf, storedOf, type Stored } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';
import { isFailure, unfit } from './failure.ts';
import { createMigrationsIndex, migrations } from './migrations.ts';
import type { IndexNames } from './names.ts';
import { replaceIfUnchanged } from './replace.ts';

const ID = 'migrations';

/**
 * Names of the migrations that the indices lack, in their order. Changes nothing.
 * @throws EngineUnfit they have some that this program does not know; ElasticsearchFailure
 */
export async function pendingMigrations(
  connection: ElasticsearchConnection,
  names: IndexNames,
): Promise<readonly string[]> {
  return lacking(await recordIn(connection, names));
}

/**
 * Brings the indices beside the models to what this program needs. Several processes may do so at once: each migration
 * can be run again, and what has run is noted without overwriting what others note. Answers the names of what ran.
 * @throws EngineUnfit; ElasticsearchFailure
 */
export async function migrate(connection: ElasticsearchConnection, names: IndexNames): Promise<readonly string[]> {
  const pending = await pendingMigrations(connection, names);
  if (pending.length === 0) return [];
  await createMigrationsIndex(connection, names);
  for (const migration of migrations) {
    if (!pending.includes(migration.name)) continue;
    await migration.run(connection, names);
    await note(connection, names, migration.name);
  }
  return pending;
}

async function note(connection: ElasticsearchConnection, names: IndexNames, name: string): Promise<void> {
  for (;;) {
    const record = await recordIn(connection, names);
    if (!lacking(record).includes(name)) return;
    const done = [...doneIn(record), name];
    try {
      await replaceIfUnchanged(connection, names.migrations, ID, record, { done: { names: done } });
      return;
    } catch (error) {
      // Another process has noted something: look again.
      if (!isFailure(error, 'conflict')) throw error;
    }
  }
}

async function recordIn(connection: ElasticsearchConnection, names: IndexNames): Promise<Stored | undefined> {
  return storedOf(await connection.askIfThere({ method: 'GET', path: `/${names.migrations}/_doc/${ID}` }));
}

function doneIn(record: Stored | undefined): readonly string[] {
  return listOf(fieldsOf(record?._source['done'])['names']).map(String);
}

function lacking(record: Stored | undefined): readonly string[] {
  const done = doneIn(record);
  const known = migrations.map(({ name }) => name);
  const unknown = done.filter((name) => !known.includes(name)).sort();
  if (unknown.length > 0) {
    throw unfit(
      `the search indices are newer than this program, which does not know their migrations ${unknown.join(', ')}: ` +
        'run the newer program, or take another server or prefix',
    );
  }
  return known.filter((name) => !done.includes(name));
}
