import { openEventStoreDb } from '../../../src/infrastructure/event-store/esdb.ts';
import { onEngine } from '../../support/engines.ts';
import { eventStoreContract } from './suite.ts';

onEngine('eventstore', (url) => {
  eventStoreContract(
    'EventStoreDB adapter on the server itself',
    async ({ decode }) => {
      let store = openEventStoreDb({ url, decode });
      const opened = [store];
      return {
        store,
        reopen: async () => {
          await store.close();
          store = openEventStoreDb({ url, decode });
          opened.push(store);
          return store;
        },
        dispose: async () => {
          for (const one of opened) await one.close();
        },
      };
    },
    { atomicAppendMany: false },
  );
});
