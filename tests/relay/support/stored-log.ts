import type { AllSlice, EventStore } from '../../../src/ports/event-store.ts';

/**
 * A log to publish, of a store whose news tell when to read and of a reader of the same log whose codec leaves data as
 * it was stored.
 */
export function createStoredLog(
  store: Pick<EventStore, 'subscribe'>,
  reader: Pick<EventStore, 'readAll' | 'head'>,
): Pick<EventStore, 'readAll' | 'subscribe' | 'head'> {
  return {
    readAll: (options) => reader.readAll(options),
    head: () => reader.head(),
    subscribe: (options) => follow(store, reader, options),
  };
}

async function* follow(
  store: Pick<EventStore, 'subscribe'>,
  reader: Pick<EventStore, 'readAll'>,
  options: Parameters<EventStore['subscribe']>[0],
): AsyncGenerator<AllSlice> {
  const { filter, batchSize = 512, signal } = options;
  const isOver = (): boolean => signal.aborted;
  let position = options.after;
  for await (const news of store.subscribe(options)) {
    while (position < news.position && !isOver()) {
      const slice = await reader.readAll({ after: position, limit: batchSize, ...(filter && { filter }) });
      position = slice.position;
      yield slice;
    }
  }
}
