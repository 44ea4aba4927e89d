import { join } from 'node:path';
import { decodeEventData } from '../domain/registry.ts';
import { openSqliteEventReader } from '../infrastructure/event-store/sqlite-reader.ts';
import { openSqliteReadStores } from '../infrastructure/read-stores/sqlite.ts';
import type { RebuildParts } from '../projections/engine/rebuild-parts.ts';
import { projections } from '../projections/all.ts';

/** Where the embedded engines keep things in the data directory. */
export function pathsIn(dataDir: string) {
  return { events: join(dataDir, 'events.sqlite'), blobs: join(dataDir, 'blobs'), readModels: join(dataDir, 'read') };
}

/** Opens, in a worker thread, what filling a read model takes. @param settings the data directory */
export function openRebuildParts(settings: unknown): Promise<RebuildParts> {
  if (typeof settings !== 'string') throw new TypeError('a rebuild is told its data directory');
  const paths = pathsIn(settings);
  return Promise.resolve({
    projections,
    log: openSqliteEventReader({ path: paths.events, decode: decodeEventData }),
    stores: openSqliteReadStores({ dir: paths.readModels }),
  });
}
