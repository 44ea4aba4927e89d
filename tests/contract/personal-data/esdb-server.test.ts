import { openEsdbPersonKeys } from '../../../src/infrastructure/personal-data/esdb-person-keys.ts';
import type { PersonKeys } from '../../../src/ports/person-keys.ts';
import { onEngine } from '../../support/engines.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { personKeysContract } from './suite.ts';

onEngine('eventstore', (url) => {
  personKeysContract('keys of people in EventStoreDB itself', async () => {
    const { host, hostname, port } = new URL(url.replace(/^[a-z]+:/, 'http:'));
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const opened: PersonKeys[] = [];
    const open = (): PersonKeys => {
      const keys = openEsdbPersonKeys({
        url: url.replace(host, `${proxy.host}:${proxy.port}`),
        timing: { callMs: 1_000, retryMs: 10 },
      });
      opened.push(keys);
      return keys;
    };
    return {
      keys: open(),
      reopen: open,
      fail: async () => proxy.cut(),
      dispose: async () => {
        for (const keys of opened) await keys.close();
        await proxy.close();
      },
    };
  });
});
