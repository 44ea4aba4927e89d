import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { startFastServer } from '../fixtures/fast-http-server.ts';
import { httpRequest, load, type LoadResult } from './load.ts';
import { pinSelf, startPinned } from './pinned.ts';
import { caughtUp, registerUpstream, startProduct } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const json = { 'content-type': 'application/json' };
const secret = 'the floor knows one secret, and it is this one';

/**
 * Tool calls through REST against the floor, in turns in one run. The platform's share ends only when its read models
 * have taken in every call.
 */
export async function benchSyncCall(): Promise<readonly BenchRow[]> {
  pinSelf(1);
  const upstream = await startFastServer();
  const folder = mkdtempSync(join(tmpdir(), 'annals-floor-'));
  const floorArgs = ['tests/bench/floor-server.ts', join(folder, 'floor.sqlite'), upstream.url, secret];
  const floor = await startPinned(0, floorArgs, /^(\d+)$/);
  const product = await startProduct();
  try {
    const mcpId = await registerUpstream(product, upstream.url);
    const token = jwt.sign({ sub: 'bench' }, secret, { algorithm: 'HS256' });
    const floorCall = request('/call', token, {});
    const productCall = request('/api/v1/executions', product.token, { mcpId });
    const floorPort = Number(floor.ready[1]);

    const rounds = 3;
    const many: { floor: LoadResult; product: LoadResult }[] = [];
    const single: { floor: LoadResult; product: LoadResult }[] = [];
    for (let round = 0; round < rounds; round++) {
      many.push({
        floor: await load({ port: floorPort, connections: 32, warmup: 2000, calls: 15_000, request: floorCall }),
        product: await withReadModels(8000, () =>
          load({ port: product.port, connections: 32, warmup: 2000, calls: 8000, request: productCall }),
        ),
      });
      single.push({
        floor: await load({ port: floorPort, connections: 1, warmup: 200, calls: 1500, request: floorCall }),
        product: await load({ port: product.port, connections: 1, warmup: 200, calls: 1500, request: productCall }),
      });
    }
    const rate = median(many, ({ floor, product }) => product.perSecond / floor.perSecond);
    const latency = median(single, ({ floor, product }) => floor.p50 / product.p50);
    const ratio = rate.product.perSecond / rate.floor.perSecond;
    const times = latency.product.p50 / latency.floor.p50;
    return [
      {
        what: 'sync call through REST, 32 connections, one core, read models included',
        value: `${figure(rate.product.perSecond)} calls/s (p99 ${figure(rate.product.p99)} ms)`,
        floor: `${figure(rate.floor.perSecond)} calls/s`,
        ratio: figure(ratio),
        goal: '≥ 0.5',
        met: ratio >= 0.5,
      },
      {
        what: 'sync call through REST, 1 connection, p50',
        value: `${figure(latency.product.p50)} ms`,
        floor: `${figure(latency.floor.p50)} ms`,
        ratio: figure(times),
        goal: '≤ 2.5',
        met: times <= 2.5,
      },
    ];
  } finally {
    await product.stop();
    await floor.stop();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }

  /** Counts the time until the read models have everything as part of the run. */
  async function withReadModels(calls: number, run: () => Promise<LoadResult>): Promise<LoadResult> {
    const result = await run();
    const measured = calls / result.perSecond;
    const drained = performance.now();
    await caughtUp(product);
    return { ...result, perSecond: calls / (measured + (performance.now() - drained) / 1000) };
  }
}

function request(path: string, token: string, extra: object): (n: number) => string {
  const headers = { ...json, authorization: `Bearer ${token}` };
  return (n) =>
    httpRequest(
      'POST',
      path,
      headers,
      JSON.stringify({ ...extra, tool: 'echo', arguments: { message: `hello ${n}` } }),
    );
}

/** The median by a measure: one noisy round does not decide. */
function median<Item>(items: readonly Item[], measure: (item: Item) => number): Item {
  const sorted = [...items].sort((a, b) => measure(a) - measure(b));
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
