import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInProcessBus } from '../../../src/infrastructure/event-bus/in-process.ts';
import { openSqliteEventStore } from '../../../src/infrastructure/event-store/sqlite.ts';
import { decode } from '../event-store/suite.ts';
import { eventBusContract } from './suite.ts';

eventBusContract('in this process', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'annals-bus-'));
  const store = openSqliteEventStore({ path: join(directory, 'events.db'), decode });
  return {
    bus: createInProcessBus(store),
    store,
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});
