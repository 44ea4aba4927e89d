import { join } from 'node:path';
import { decodeEventData } from '../../../src/domain/registry.ts';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import { projections } from '../../../src/projections/all.ts';
import type { OpenRebuildParts } from '../../../src/projections/engine/rebuild-parts.ts';

/** The product's projections over a directory of a test's own: `events.sqlite` and `read/`. */
export const openRebuildParts: OpenRebuildParts = async (settings) => {
  const { dir } = settings as { readonly dir: string };
  return {
    projections,
    log: openSqliteEventReader({ path: join(dir, 'events.sqlite'), decode: decodeEventData }),
    stores: openSqliteReadStores({ dir: join(dir, 'read') }),
  };
};
