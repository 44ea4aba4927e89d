import { openEventStoreDb } from '../../../src/infrastructure/event-store/esdb.ts';
import { startStandIn } from '../../support/esdb-stand-in/stand-in.ts';
import { eventStoreContract } from './suite.ts';

for (const version of ['22.10.5', '26.0.0']) {
  eventStoreContract(
    `EventStoreDB adapter on a stand-in that says it is ${version} (not the server)`,
    async ({ decode }) => {
      const standIn = await startStandIn({ version });
      let store = openEventStoreDb({ url: standIn.url, decode });
      const opened = [store];
      return {
        store,
        reopen: async () => {
          await store.close();
          store = openEventStoreDb({ url: standIn.url, decode });
          opened.push(store);
          return store;
        },
        dispose: async () => {
          for (const one of opened) await one.close();
          await standIn.stop();
        },
      };
    },
    { atomicAppendMany: false },
  );
}
