import { join } from 'node:path';
import { openSqliteReadStores } from '../../src/infrastructure/read-stores/sqlite.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { projections } from '../../src/projections/all.ts';
import { openReadSide, type ReadSide } from '../../src/projections/engine/read-side.ts';
import { quiet } from './quiet.ts';
import { wrappingKey } from './sealed-log-in.ts';

/** The read models of a directory, kept up as the product does. */
export function openReadSideIn(dir: string, store: EventStore): Promise<ReadSide> {
  return openReadSide({
    store,
    stores: openSqliteReadStores({ dir: join(dir, 'read'), checkpoints: 'apart' }),
    projections,
    rebuild: {
      module: new URL('../../src/app/engines/rebuild-parts.worker.ts', import.meta.url).href,
      settings: { dataDir: dir, wrappingKey },
    },
    logger: quiet,
  });
}
