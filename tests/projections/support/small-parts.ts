import { join } from 'node:path';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import type { OpenRebuildParts } from '../../../src/projections/engine/rebuild-parts.ts';
import { smallProjections, type Behaviour } from './small-projections.ts';

export interface SmallSettings extends Partial<Behaviour> {
  readonly dir: string;
}

/** The small projections over a directory of a test's own. */
export const openRebuildParts: OpenRebuildParts = async (settings) => {
  const { dir, ...behaviour } = settings as SmallSettings;
  return {
    projections: smallProjections(behaviour),
    log: openSqliteEventReader({ path: join(dir, 'events.sqlite'), decode: (_type, _version, data) => data }),
    stores: openSqliteReadStores({ dir: join(dir, 'read') }),
  };
};
