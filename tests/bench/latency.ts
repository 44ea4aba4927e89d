import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFastServer } from '../fixtures/fast-http-server.ts';
import { httpRequest, load } from './load.ts';
import { pinSelf } from './pinned.ts';
import { caughtUp, registerUpstream, startProduct, type Product } from './product.ts';
import { figure, type BenchRow } from './row.ts';
import { seedLog } from './seed.ts';

const sizes = [1_000, 1_000_000] as const;

/** A command (a sync call) on a short log and on a long one, in turns, both servers started and their models built. */
export async function benchLatency(): Promise<readonly BenchRow[]> {
  pinSelf(1);
  const upstream = await startFastServer();
  const folders = sizes.map(() => mkdtempSync(join(tmpdir(), 'annals-latency-')));
  const products: Product[] = [];
  try {
    const calls: ((n: number) => string)[] = [];
    for (const [index, size] of sizes.entries()) {
      const dataDir = folders[index] ?? '';
      await seedLog(dataDir, size);
      const product = await startProduct({ dataDir });
      products.push(product);
      await caughtUp(product);
      const mcpId = await registerUpstream(product, upstream.url);
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${product.token}` };
      calls.push((n) => {
        const body = { mcpId, tool: 'echo', arguments: { message: `hello ${n}` } };
        return httpRequest('POST', '/api/v1/executions', headers, JSON.stringify(body));
      });
    }
    const medians = sizes.map((): number[] => []);
    for (let round = 0; round < 5; round++) {
      for (const [index, product] of products.entries()) {
        const request = calls[index];
        if (!request) throw new Error('no request');
        const { p50 } = await load({ port: product.port, connections: 1, warmup: 200, calls: 1000, request });
        medians[index]?.push(p50);
      }
    }
    const [short = NaN, long = NaN] = medians.map((each) => each.sort((a, b) => a - b)[2]);
    const ratio = long / short;
    return [
      {
        what: 'command latency with 1,000,000 events in the log, p50',
        value: `${figure(long)} ms`,
        floor: `${figure(short)} ms with 1,000`,
        ratio: figure(ratio),
        goal: '0.8 – 1.2',
        met: ratio >= 0.8 && ratio <= 1.2,
      },
    ];
  } finally {
    for (const product of products) await product.stop();
    await upstream.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}
