import { startFastServer } from '../fixtures/fast-http-server.ts';
import { httpRequest, load } from './load.ts';
import { pinSelf } from './pinned.ts';
import { residentMiB } from './process-memory.ts';
import { caughtUp, registerUpstream, startProduct } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const rounds = 10;
const callsPerRound = 20_000;

/** Memory over 200,000 calls: from the second tenth, when caches are warm, to the last. */
export async function benchMemory(): Promise<readonly BenchRow[]> {
  pinSelf(1);
  const upstream = await startFastServer();
  const product = await startProduct();
  try {
    const mcpId = await registerUpstream(product, upstream.url);
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${product.token}` };
    const request = (n: number) => {
      const body = { mcpId, tool: 'echo', arguments: { message: `hello ${n}` } };
      return httpRequest('POST', '/api/v1/executions', headers, JSON.stringify(body));
    };
    const memory: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await load({ port: product.port, connections: 32, warmup: 0, calls: callsPerRound, request });
      await caughtUp(product);
      memory.push(residentMiB(product.pid));
    }
    const early = Math.max(...memory.slice(1, 3));
    const late = Math.max(...memory.slice(-2));
    const growth = late / early;
    return [
      {
        what: `memory over ${figure(rounds * callsPerRound)} calls`,
        value: `${figure(late)} MiB at the end`,
        floor: `${figure(early)} MiB after ${figure(3 * callsPerRound)}`,
        ratio: figure(growth),
        goal: 'flat: ≤ 1.15',
        met: growth <= 1.15,
      },
    ];
  } finally {
    await product.stop();
    await upstream.close();
  }
}
