import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { lockDataDir } from '../../infrastructure/data-dir/lock.ts';
import { openEventStoreDb } from '../../infrastructure/event-store/esdb.ts';
import { openSqliteEventReader } from '../../infrastructure/event-store/sqlite-reader.ts';
import type { DecodeEventData } from '../../ports/event-store.ts';
import { pathsIn } from '../paths.ts';
import { CopyRefused, copyLog, type CopyProgress, type CopyResult } from './copy-log.ts';

/** Events are copied as they were stored, not as this program would read them. */
const asStored: DecodeEventData = (_type, _schemaVersion, data) => data;

/**
 * Copies the embedded log of a data directory, on which no server may run, to an event store, and notes in the directory
 * that it is done: a server that is told to use the event store then starts on it.
 * @throws DataDirInUse, CopyRefused, StoreUnavailable
 */
export async function moveLog(
  dataDir: string,
  url: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<CopyResult> {
  const { events, moved } = pathsIn(dataDir);
  if (!existsSync(events)) throw new CopyRefused(`there is no log in ${dataDir}`);
  const lock = lockDataDir(dataDir);
  try {
    const source = openSqliteEventReader({ path: events, decode: asStored });
    const target = openEventStoreDb({ url, decode: asStored });
    try {
      const result = await copyLog(source, target, onProgress);
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
