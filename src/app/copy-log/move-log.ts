import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { lockDataDir } from '../../infrastructure/data-dir/lock.ts';
import { openEventStoreDb } from '../../infrastructure/event-store/esdb.ts';
import { openSqliteEventReader } from '../../infrastructure/event-store/sqlite-reader.ts';
import type { DecodeEventData } from '../../ports/event-store.ts';
import { projections } from '../../projections/all.ts';
import { openReadPlaces } from '../engines/read-places.ts';
import type { EngineSettings } from '../engines/settings.ts';
import { pathsIn } from '../paths.ts';
import { copyPeople } from './copy-people.ts';
import { CopyRefused, copyLog, type CopyProgress, type CopyResult } from './copy-log.ts';

/** Events are copied as they were stored, not as this program would read them. */
const asStored: DecodeEventData = (_type, _schemaVersion, data) => data;

/**
 * Copies the embedded log of a data directory, on which no server may run, to an event store. When it is done the read
 * models, whose positions are those of the old log, are removed, and it is noted in the directory: a server that is told
 * to use the event store then starts on it and builds them anew.
 * @param settings the data directory, and the engines in which read models are
 * @throws DataDirInUse, CopyRefused, StoreUnavailable
 */
export async function moveLog(
  settings: EngineSettings,
  url: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<CopyResult> {
  const { dataDir } = settings;
  const { events, people, moved, sealed, sealedBefore } = pathsIn(dataDir);
  if (!existsSync(events)) throw new CopyRefused(`there is no log in ${dataDir}`);
  const lock = lockDataDir(dataDir);
  try {
    const source = openSqliteEventReader({ path: events, decode: asStored });
    const target = openEventStoreDb({ url, decode: asStored });
    try {
      // First, so that no event is ever there whose key is not.
      await copyPeople(people, url);
      const result = await copyLog(source, target, onProgress);
      await removeReadModels(settings);
      // Positions are sealed and are others over there: that log is sealed anew, and says what it continues.
      if (existsSync(sealed)) renameSync(sealed, sealedBefore);
      const { events: count, sha256 } = result;
      const note = { events: count, sha256, at: new Date().toISOString() };
      writeFileSync(`${moved}.tmp`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
      renameSync(`${moved}.tmp`, moved);
      return result;
    } finally {
      await Promise.all([source.close(), target.close()]);
    }
  } finally {
    lock.release();
  }
}

async function removeReadModels(settings: EngineSettings): Promise<void> {
  const { stores, close } = await openReadPlaces(settings);
  for (const projection of projections) {
    for (const version of await stores.versions(projection)) await stores.drop(projection, version);
  }
  await close();
}
