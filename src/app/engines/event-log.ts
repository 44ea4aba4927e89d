import { decodeEventData } from '../../domain/registry.ts';
import { openSqliteRawLog } from '../../infrastructure/event-store/sqlite-raw-log.ts';
import { openSqliteEventReader } from '../../infrastructure/event-store/sqlite-reader.ts';
import { openSqliteEventStore } from '../../infrastructure/event-store/sqlite.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { RawLog } from '../../ports/audit-record.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { LogReader } from '../../projections/engine/rebuild-parts.ts';
import { pathsIn } from '../paths.ts';
import type { EngineSettings } from './settings.ts';

/** The event store that the settings name. @throws StoreUnavailable the embedded one cannot be opened */
export async function openEventLog(
  { dataDir, eventStoreUrl }: EngineSettings,
  options: { readonly logger: Logger; readonly clock: () => number },
): Promise<{ readonly store: EventStore; readonly probe?: Probe }> {
  if (eventStoreUrl === undefined) {
    return { store: openSqliteEventStore({ ...options, path: pathsIn(dataDir).events, decode: decodeEventData }) };
  }
  const { openEventStoreDb } = await import('../../infrastructure/event-store/esdb.ts');
  const store = openEventStoreDb({ ...options, url: eventStoreUrl, decode: decodeEventData });
  return { store, probe: store };
}

/** The same log, read only, for a thread beside the one that writes. */
export async function openEventReader({ dataDir, eventStoreUrl }: EngineSettings): Promise<LogReader> {
  if (eventStoreUrl === undefined) {
    return openSqliteEventReader({ path: pathsIn(dataDir).events, decode: decodeEventData });
  }
  const { openEventStoreDb } = await import('../../infrastructure/event-store/esdb.ts');
  return openEventStoreDb({ url: eventStoreUrl, decode: decodeEventData });
}

/** The same log, byte for byte, for sealing and verifying. @throws StoreUnavailable there is no embedded log */
export async function openRawLog({
  dataDir,
  eventStoreUrl,
}: Pick<EngineSettings, 'dataDir' | 'eventStoreUrl'>): Promise<RawLog> {
  if (eventStoreUrl === undefined) return openSqliteRawLog(pathsIn(dataDir).events);
  const { openEsdbRawLog } = await import('../../infrastructure/event-store/esdb-raw-log.ts');
  return openEsdbRawLog(eventStoreUrl);
}
