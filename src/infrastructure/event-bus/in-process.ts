import type { EventBus } from '../../ports/event-bus.ts';
import type { EventStore } from '../../ports/event-store.ts';

/** The bus of a process that reads the log itself: every subscription is one of the store's. The store stays open. */
export function createInProcessBus(store: Pick<EventStore, 'subscribe'>): EventBus {
  const closing = new AbortController();
  return {
    subscribe: (options) => store.subscribe({ ...options, signal: AbortSignal.any([options.signal, closing.signal]) }),
    async close() {
      closing.abort();
    },
  };
}
