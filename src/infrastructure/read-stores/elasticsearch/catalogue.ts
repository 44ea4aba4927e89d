import type { CatalogueEntry } from '../../../ports/read-stores.ts';
import { fieldsOf, storedOf, type Stored } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';
import { isFailure } from './failure.ts';
import type { IndexNames } from './names.ts';
import { replaceIfUnchanged } from './replace.ts';

/** All entries in one document, because a document is changed as a whole. */
const ID = 'catalogue';

/** Entries that cannot be understood are left out: their models are built anew, which loses nothing. */
export async function readCatalogue(
  connection: ElasticsearchConnection,
  names: IndexNames,
): Promise<ReadonlyMap<string, CatalogueEntry>> {
  return entriesOf(await recordIn(connection, names));
}

/** Replaces models' entries, all at once, and leaves those that others may be writing. */
export async function writeCatalogue(
  connection: ElasticsearchConnection,
  names: IndexNames,
  entries: ReadonlyMap<string, CatalogueEntry>,
): Promise<void> {
  for (;;) {
    const record = await recordIn(connection, names);
    const all = Object.fromEntries([...entriesOf(record), ...entries]);
    try {
      await replaceIfUnchanged(connection, names.catalogue, ID, record, { entries: all });
      return;
    } catch (error) {
      if (!isFailure(error, 'conflict')) throw error;
    }
  }
}

async function recordIn(connection: ElasticsearchConnection, names: IndexNames): Promise<Stored | undefined> {
  return storedOf(await connection.askIfThere({ method: 'GET', path: `/${names.catalogue}/_doc/${ID}` }));
}

function entriesOf(record: Stored | undefined): ReadonlyMap<string, CatalogueEntry> {
  const entries = Object.entries(fieldsOf(record?._source['entries']));
  return new Map(entries.flatMap(([name, entry]) => (isEntry(entry) ? [[name, entry] as const] : [])));
}

function isEntry(value: unknown): value is CatalogueEntry {
  const { live, previous, schemaVersion } = fieldsOf(value);
  return [live, previous ?? 0, schemaVersion].every(Number.isSafeInteger);
}
