import type { CatalogueEntry } from '../../../ports/read-stores.ts';
import { literals } from './literal.ts';
import { quoted, type TableNames } from './names.ts';
import type { SqlSession } from './pool.ts';

export async function readCatalogue(
  session: SqlSession,
  names: TableNames,
): Promise<ReadonlyMap<string, CatalogueEntry>> {
  const { rows } = await session.run(`SELECT model, live, previous, schema_version FROM ${quoted(names.catalogue)}`);
  return new Map(
    rows.map(({ model, live, previous, schema_version }) => [
      String(model),
      {
        live: Number(live),
        previous: previous === null ? null : Number(previous),
        schemaVersion: Number(schema_version),
      },
    ]),
  );
}

/** Replaces models' entries in one statement: all of them or none. */
export async function writeCatalogue(
  session: SqlSession,
  names: TableNames,
  entries: ReadonlyMap<string, CatalogueEntry>,
): Promise<void> {
  if (entries.size === 0) return;
  const tuples = [...entries].map(
    ([model, { live, previous, schemaVersion }]) => `(${literals([model, live, previous, schemaVersion])})`,
  );
  await session.run(
    `INSERT INTO ${quoted(names.catalogue)} (model, live, previous, schema_version) VALUES ${tuples.join()}
    ON DUPLICATE KEY UPDATE live = VALUES(live), previous = VALUES(previous), schema_version = VALUES(schema_version)`,
  );
}
