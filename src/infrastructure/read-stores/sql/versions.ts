import { ModelUnusable, type ModelDefinition } from '../../../ports/read-stores.ts';
import { literal } from './literal.ts';
import { quoted, type TableNames } from './names.ts';
import type { SqlSession } from './pool.ts';
import { transaction } from './transaction.ts';

/** Of models' tables. A version with another layout is built anew. */
const LAYOUT = 1;

/** What a version has before it is complete and while it is removed: a crash in between leaves this. */
const UNFINISHED = 0;

/** Tables are made and dropped outside of transactions: 30 minutes, for those that are large. */
const TABLE_MS = 1_800_000;

/** Finds the checkpoint row of a version. */
export function isVersion({ name }: Pick<ModelDefinition, 'name'>, version: number): string {
  return `model = ${literal(name)} AND version = ${literal(version)}`;
}

export async function versionsOf(session: SqlSession, names: TableNames, name: string): Promise<readonly number[]> {
  const sql = `SELECT version FROM ${quoted(names.versions)} WHERE model = ${literal(name)} ORDER BY version`;
  return (await session.run(sql)).rows.map(({ version }) => Number(version));
}

/** @throws ModelUnusable it does not exist, is unfinished, or its table is gone */
export async function requireFinished(
  session: SqlSession,
  names: TableNames,
  definition: ModelDefinition,
  version: number,
): Promise<void> {
  const sql = `SELECT layout, (SELECT COUNT(*) FROM information_schema.tables
      WHERE table_schema = DATABASE() AND information_schema.tables.table_name = v.table_name) AS tables_found
    FROM ${quoted(names.versions)} AS v WHERE ${isVersion(definition, version)}`;
  const [row] = (await session.run(sql)).rows;
  const what = `version ${version} of ${definition.name}`;
  if (row === undefined) throw new ModelUnusable(`there is no ${what}`);
  if (row['layout'] !== LAYOUT) throw new ModelUnusable(`${what} has layout ${String(row['layout'])}, not ${LAYOUT}`);
  if (row['tables_found'] === 0) throw new ModelUnusable(`the table of ${what} is gone`);
}

/**
 * Makes an unfinished version over whatever was there. Its row is there before its table, and goes after it, so that
 * no crash leaves a table which nobody knows of.
 * @throws Error the table belongs to another model
 */
export async function beginVersion(
  session: SqlSession,
  names: TableNames,
  definition: ModelDefinition,
  version: number,
  createTable: (table: string) => string,
): Promise<string> {
  const table = names.model(tableOf(definition), version);
  await requireOwn(session, names, definition, table);
  await removeVersion(session, names, definition, version);
  await session.run(`INSERT INTO ${quoted(names.versions)} (model, version, table_name, layout, position, write_id)
    VALUES (${literal(definition.name)}, ${literal(version)}, ${literal(table)}, ${UNFINISHED}, 0, '')`);
  await session.run(createTable(table), { timeoutMs: TABLE_MS });
  return table;
}

/** Builds what the statement says, then declares the version complete. */
export async function finishVersion(
  session: SqlSession,
  names: TableNames,
  definition: ModelDefinition,
  version: number,
  statements: readonly string[] = [],
): Promise<void> {
  for (const sql of statements) await session.run(sql, { timeoutMs: TABLE_MS });
  await session.run(`UPDATE ${quoted(names.versions)} SET layout = ${LAYOUT} WHERE ${isVersion(definition, version)}`);
}

/** Removes a version and everything in it; one that does not exist is no error. */
export async function removeVersion(
  session: SqlSession,
  names: TableNames,
  definition: ModelDefinition,
  version: number,
): Promise<void> {
  const table = names.model(tableOf(definition), version);
  const condition = isVersion(definition, version);
  await session.run(`UPDATE ${quoted(names.versions)} SET layout = ${UNFINISHED} WHERE ${condition}`);
  if (await isOwn(session, names, definition, table)) {
    await session.run(`DROP TABLE IF EXISTS ${quoted(table)}`, { timeoutMs: TABLE_MS });
  }
  await transaction(session, async () => {
    await session.run(`DELETE FROM ${quoted(names.deadLetters)} WHERE ${condition}`);
    await session.run(`DELETE FROM ${quoted(names.versions)} WHERE ${condition}`);
  });
}

function tableOf({ name, model }: ModelDefinition): string {
  if (model.kind !== 'relational') throw new TypeError(`${name} is not a relational model: ${model.kind}`);
  return model.table;
}

/** A table that no row tells of is anybody's: rows may have been emptied away. */
async function isOwn(session: SqlSession, names: TableNames, { name }: ModelDefinition, table: string) {
  const sql = `SELECT model FROM ${quoted(names.versions)} WHERE table_name = ${literal(table)}`;
  const [row] = (await session.run(sql)).rows;
  return row === undefined || row['model'] === name;
}

async function requireOwn(session: SqlSession, names: TableNames, definition: ModelDefinition, table: string) {
  if (await isOwn(session, names, definition, table)) return;
  throw new Error(`the table ${table} belongs to another model than ${definition.name}`);
}
