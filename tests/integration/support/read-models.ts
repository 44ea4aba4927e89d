import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { createClosing } from '../../../src/app/closing.ts';
import { openKeyring } from '../../../src/app/keyring.ts';
import { pathsIn } from '../../../src/app/paths.ts';
import { openPersonalData } from '../../../src/app/personal-data.ts';
import { decodeEventData } from '../../../src/domain/registry.ts';
import { openEventStoreDb } from '../../../src/infrastructure/event-store/esdb.ts';
import { openSqliteEventStore } from '../../../src/infrastructure/event-store/sqlite.ts';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import type { ReadStores } from '../../../src/ports/read-stores.ts';
import { projections } from '../../../src/projections/all.ts';
import { openReadSide } from '../../../src/projections/engine/read-side.ts';
import { until } from '../../http/support/until.ts';
import { ask, type Api } from './api.ts';
import { silent } from '../../support/silent-logger.ts';

export interface ProjectionItem {
  readonly name: string;
  readonly store: string;
  readonly version: number;
  readonly lag: number;
  readonly status: string;
  readonly deadLetters: number;
}

export async function projectionsOf(api: Api): Promise<readonly ProjectionItem[]> {
  return (await ask<{ items: ProjectionItem[] }>(api, 200, 'GET', '/api/v1/projections')).items;
}

/** Answers when the read models have taken in all that the log has; how they are then. */
export async function caughtUp(api: Api): Promise<readonly ProjectionItem[]> {
  let items: readonly ProjectionItem[] = [];
  const isLevel = async () => {
    items = await projectionsOf(api);
    return items.every(({ lag }) => lag === 0);
  };
  await until(isLevel, 'the read models have all', 60_000);
  return items;
}

/** Every row of every read model, as JSON text, by the name of the model and in order of the rows' ids. */
export type AllRows = Readonly<Record<string, readonly string[]>>;

/** What the live versions of the read models hold. Nobody else may have the directory open. */
export function rowsIn(dataDir: string): Promise<AllRows> {
  return rowsOf(openSqliteReadStores({ dir: pathsIn(dataDir).readModels }));
}

/** What the live versions of the read models hold, wherever they live. */
export async function rowsOf(stores: ReadStores): Promise<AllRows> {
  const catalogue = await stores.catalogue();
  const all: Record<string, readonly string[]> = {};
  for (const projection of projections) {
    const entry = catalogue.get(projection.name);
    if (!entry) throw new Error(`${projection.name} is not in the catalogue`);
    const { store } = await stores.open(projection, entry.live);
    const rows: string[] = [];
    for await (const row of store.rows()) rows.push(JSON.stringify(row));
    await store.close();
    all[projection.name] = rows;
  }
  return all;
}

/**
 * What all read models hold when they are built anew from a copy of the log.
 * @param masterKey absent: the one that was made in the data directory
 */
export async function rebuiltRows(dataDir: string, masterKey = madeMasterKey(dataDir)): Promise<AllRows> {
  const copy = mkdtempSync(join(tmpdir(), 'annals-rebuilt-'));
  try {
    const paths = pathsIn(copy);
    const log = new DatabaseSync(pathsIn(dataDir).events, { readOnly: true });
    await backup(log, paths.events);
    log.close();
    const people = new DatabaseSync(pathsIn(dataDir).people, { readOnly: true });
    await backup(people, paths.people);
    people.close();
    const store = openSqliteEventStore({ path: paths.events, decode: decodeEventData });
    return await rowsBuiltFrom(store, { dataDir: copy }, masterKey);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The same from a log in EventStoreDB. Nobody may write it meanwhile. */
export async function rebuiltRowsOf(eventStoreUrl: string, masterKey: string): Promise<AllRows> {
  const dataDir = mkdtempSync(join(tmpdir(), 'annals-rebuilt-'));
  try {
    const store = openEventStoreDb({ url: eventStoreUrl, decode: decodeEventData });
    return await rowsBuiltFrom(store, { dataDir, eventStoreUrl }, masterKey);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

function madeMasterKey(dataDir: string): string {
  const { masterKey } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as {
    readonly masterKey: string;
  };
  return masterKey;
}

/** Builds all models into embedded stores, and closes the log. */
async function rowsBuiltFrom(
  log: EventStore,
  { dataDir, eventStoreUrl }: { readonly dataDir: string; readonly eventStoreUrl?: string },
  masterKey: string,
): Promise<AllRows> {
  const dir = pathsIn(dataDir).readModels;
  mkdirSync(dir);
  const closing = createClosing(silent);
  const { keys } = await openKeyring({ store: log, clock: Date.now, logger: silent }, { masterKey });
  const engines = {
    store: log,
    readSide: {
      stores: openSqliteReadStores({ dir }),
      rebuild: {
        module: new URL('../../../src/app/engines/rebuild-parts.worker.ts', import.meta.url).href,
        settings: {},
      },
    },
  };
  const settings = {
    dataDir,
    eventStoreUrl,
    sqlUrl: undefined,
    documentsUrl: undefined,
    searchUrl: undefined,
    enginePrefix: 'annals',
  };
  const parts = await openPersonalData(engines, settings, keys.index, closing);
  const readSide = await openReadSide({ ...parts.readSide, store: parts.store, projections, logger: silent });
  await readSide.ready;
  await readSide.close();
  await closing.run();
  await log.close();
  return rowsIn(dataDir);
}
