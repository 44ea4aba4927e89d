import { join } from 'node:path';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import { openReadSide } from '../../../src/projections/engine/read-side.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { smallProjections } from './small-projections.ts';
import { silent } from '../../support/silent-logger.ts';

/**
 * Rebuilds all models of a directory over and over until it is killed. Its parent has the log open, so it only reads
 * it: nothing is appended while it runs.
 */
const [dir = ''] = process.argv.slice(2);
const log = openSqliteEventReader({ path: join(dir, 'events.sqlite'), decode: (_type, _version, data) => data });
const store: EventStore = {
  ...log,
  atomicAppendMany: true,
  append: () => Promise.reject(new Error('reads only')),
  appendMany: () => Promise.reject(new Error('reads only')),
  async *subscribe({ signal }) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    yield* [];
  },
};
const side = await openReadSide({
  store,
  stores: openSqliteReadStores({ dir: join(dir, 'read'), checkpoints: 'apart' }),
  projections: smallProjections(),
  rebuild: { module: new URL('./small-parts.ts', import.meta.url).href, settings: { dir } },
  logger: silent,
});
await side.ready;
console.log('ready');
for (let round = 0; ; round++) {
  for (const { name } of smallProjections()) await side.control.rebuild(name, `${name} ${round}`);
  for (const { name } of smallProjections()) {
    while ((await side.control.rebuildStatus(name, `${name} ${round}`)).status === 'running') {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
