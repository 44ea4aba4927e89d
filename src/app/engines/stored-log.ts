import { openSqliteEventReader } from '../../infrastructure/event-store/sqlite-reader.ts';
import type { AllSlice, DecodeEventData, EventStore } from '../../ports/event-store.ts';
import { pathsIn } from '../paths.ts';
import type { EngineSettings } from './settings.ts';

const asStored: DecodeEventData = (_type, _schemaVersion, data) => data;

/** The log for passing on: events as they were stored, whatever this program would make of them. */
export type StoredLog = Pick<EventStore, 'readAll' | 'subscribe' | 'head' | 'close'>;

/**
 * Opens the log a second time, for the relay.
 * @param store the log as this process writes it; where it is embedded, it alone knows at once of what is new
 */
export async function openStoredLog(settings: EngineSettings, store: EventStore): Promise<StoredLog> {
  if (settings.eventStoreUrl !== undefined) {
    const { openEventStoreDb } = await import('../../infrastructure/event-store/esdb.ts');
    return openEventStoreDb({ url: settings.eventStoreUrl, decode: asStored });
  }
  const reader = openSqliteEventReader({ path: pathsIn(settings.dataDir).events, decode: asStored });
  return {
    readAll: (options) => reader.readAll(options),
    head: () => reader.head(),
    close: () => reader.close(),
    subscribe: (options) => readAgain(store.subscribe(options), reader, options),
  };
}

/** The stretches of the log that the slices stand for, read anew. */
async function* readAgain(
  slices: AsyncIterable<AllSlice>,
  reader: Pick<EventStore, 'readAll'>,
  { after, filter }: Parameters<EventStore['subscribe']>[0],
): AsyncGenerator<AllSlice> {
  let from = after;
  for await (const { position, events } of slices) {
    while (from < position) {
      const limit = Math.max(1, events.length);
      const slice = await reader.readAll({ after: from, limit, ...(filter && { filter }) });
      from = slice.position;
      yield slice;
    }
  }
}
