import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteEventStore } from '../../../src/infrastructure/event-store/sqlite.ts';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { AnyRow, ModelStore } from '../../../src/ports/read-model.ts';
import type { ReadStores } from '../../../src/ports/read-stores.ts';
import { openReadSide, type ReadSide } from '../../../src/projections/engine/read-side.ts';
import type { AnyProjection } from '../../../src/projections/projection.ts';
import { smallProjections, type Behaviour } from './small-projections.ts';
import { silent } from '../../support/silent-logger.ts';

/** A log, read stores and a read side in a temporary directory. */
export interface World {
  readonly dir: string;
  readonly store: EventStore;
  readonly stores: ReadStores;
  /** The read side that was started last. */
  readonly side: ReadSide;
  start(options?: Partial<Behaviour> & { readonly stores?: ReadStores; readonly logger?: Logger }): Promise<ReadSide>;
  stop(): Promise<void>;
  dispose(): Promise<void>;
}

export function createWorld(): World {
  const dir = mkdtempSync(join(tmpdir(), 'annals-projections-'));
  const store = openSqliteEventStore({ path: join(dir, 'events.sqlite'), decode: (_type, _version, data) => data });
  const stores = openSqliteReadStores({ dir: join(dir, 'read') });
  let side: ReadSide | undefined;

  async function stop(): Promise<void> {
    await side?.close();
    side = undefined;
  }

  return {
    dir,
    store,
    stores,
    get side() {
      if (side === undefined) throw new Error('no read side is open');
      return side;
    },
    async start({ stores: others, logger = silent, ...behaviour } = {}) {
      await stop();
      side = await openReadSide({
        store,
        stores: others ?? stores,
        projections: smallProjections(behaviour),
        rebuild: { module: new URL('./small-parts.ts', import.meta.url).href, settings: { dir, ...behaviour } },
        logger,
      });
      return side;
    },
    stop,
    async dispose() {
      await stop();
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** Everything that a version holds, as text: equal texts, equal rows, byte for byte. */
export async function contentOf(stores: ReadStores, projection: AnyProjection, version: number): Promise<string> {
  const { store } = await stores.open(projection, version);
  try {
    return await textOf(store);
  } finally {
    await store.close();
  }
}

export async function textOf(store: ModelStore<AnyRow>): Promise<string> {
  const lines: string[] = [];
  for await (const row of store.rows()) lines.push(JSON.stringify(row));
  return lines.join('\n');
}

/** Waits, for ten seconds at most, until something is the case. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
