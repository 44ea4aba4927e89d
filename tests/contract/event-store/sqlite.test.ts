import { eventStoreContract } from './suite.ts';
import { temporaryLog } from './sqlite-log.ts';

eventStoreContract(
  'SQLite',
  async ({ decode }) => {
    const log = temporaryLog();
    const store = log.open({ decode });
    const reopen = async () => {
      await store.close();
      return log.open({ decode });
    };
    return { store, reopen, dispose: () => log.dispose() };
  },
  { atomicAppendMany: true },
);
