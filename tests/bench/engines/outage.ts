import { setTimeout as sleep } from 'node:timers/promises';
import { proxied, type Proxied } from '../../engines/support/proxied.ts';
import { startFastServer } from '../../fixtures/fast-http-server.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { httpRequest, load, type LoadResult } from '../load.ts';
import { pinSelf } from '../pinned.ts';
import { caughtUp, registerUpstream, startProduct, type Product } from '../product.ts';
import { figure, type BenchRow } from '../row.ts';
import { withPlace } from './place.ts';
import { removeTopics } from './remove-topics.ts';
import type { TestedStore } from './tested-store.ts';

const ROUNDS = 5;
const CALLS = 80;
/**
 * Between calls: the engines share the cores, so each call waits until they are done with the one before (an event is
 * visible after some 30 ms). Otherwise it would be measured how much they leave of the cores.
 */
const PAUSE_MS = 150;
const MISSED_MS = 30_000;
const GOAL = { least: 0.9, most: 1.1 };

export interface ReachedStore {
  readonly tested: TestedStore;
  readonly url: string;
}

/** A command (a sync call) with all engines there, and with Kafka and all read stores gone, in turns in one run. */
export async function benchOutage(stores: readonly ReachedStore[], kafkaBrokers: string): Promise<BenchRow> {
  pinSelf(1);
  const upstream = await startFastServer();
  const ways = await Promise.all(stores.map(async ({ tested, url }) => ({ tested, url, way: await proxied(url) })));
  const [host = '', port = ''] = kafkaBrokers.split(':');
  const kafka = await startTcpProxy({ host, port: Number(port) });
  const proxies: readonly Proxied['proxy'][] = [kafka, ...ways.map(({ way }) => way.proxy)];
  const ports = ['bus', ...new Set(stores.flatMap(({ tested }) => tested.projections.map(({ model }) => model.kind)))];
  const env = Object.fromEntries(ways.map(({ tested, way }) => [tested.setting, way.url]));
  try {
    return await withPlace({ ...env, ANNALS_KAFKA_BROKERS: kafkaBrokers }, async ({ dataDir, prefix }) => {
      const product = await startProduct({
        dataDir,
        nodeArgs: ['--import', new URL('./by-way.ts', import.meta.url).href],
        env: {
          ...env,
          ANNALS_KAFKA_BROKERS: kafkaBrokers,
          ANNALS_ENGINE_PREFIX: prefix,
          ANNALS_LOG_LEVEL: 'silent',
          BENCH_WAY_FROM: kafkaBrokers,
          BENCH_WAY_TO: String(kafka.port),
        },
      });
      try {
        return await measure(product, await registerUpstream(product, upstream.url), proxies, ports);
      } finally {
        for (const proxy of proxies) proxy.heal();
        await product.stop();
        await removeTopics(kafkaBrokers, prefix);
        for (const { tested, url } of stores) await removeFrom(tested, url, prefix);
      }
    });
  } finally {
    for (const proxy of proxies) await proxy.close();
    await upstream.close();
  }
}

async function measure(
  product: Product,
  mcpId: string,
  proxies: readonly Proxied['proxy'][],
  ports: readonly string[],
): Promise<BenchRow> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${product.token}` };
  const request = (n: number): string => {
    const body = { mcpId, tool: 'echo', arguments: { message: `hello ${n}` } };
    return httpRequest('POST', '/api/v1/executions', headers, JSON.stringify(body));
  };
  const run = () => load({ port: product.port, connections: 1, warmup: 20, calls: CALLS, pauseMs: PAUSE_MS, request });
  await run();
  const rounds: { readonly up: LoadResult; readonly down: LoadResult }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await caughtUp(product);
    const up = await run();
    for (const proxy of proxies) proxy.cut();
    await missed(product, ports);
    const down = await run();
    for (const proxy of proxies) proxy.heal();
    rounds.push({ up, down });
  }
  const p50 = median(rounds.map(({ up, down }) => down.p50 / up.p50));
  const [upMs, downMs] = [median(rounds.map(({ up }) => up.p50)), median(rounds.map(({ down }) => down.p50))];
  const [upTail, downTail] = [median(rounds.map(({ up }) => up.p99)), median(rounds.map(({ down }) => down.p99))];
  return {
    what: 'command latency with Kafka and every read store down, p50, 6 calls/s at most',
    value: `${figure(downMs)} ms (p99 ${figure(downTail)} ms)`,
    floor: `${figure(upMs)} ms (p99 ${figure(upTail)} ms) with all up`,
    ratio: figure(p50),
    goal: `${GOAL.least} – ${GOAL.most}`,
    met: p50 >= GOAL.least && p50 <= GOAL.most,
  };
}

/** Waits until the product says of everything that was cut that it is away. */
async function missed(product: Product, ports: readonly string[]): Promise<void> {
  const end = performance.now() + MISSED_MS;
  for (;;) {
    const { engines } = (await product.request('GET', '/api/v1/system')) as SystemAnswer;
    if (ports.every((port) => engines[port]?.status === 'unavailable')) return;
    if (performance.now() > end) throw new Error(`not all of ${ports.join(', ')} are missed: the cut goes by them`);
    await sleep(50);
  }
}

interface SystemAnswer {
  readonly engines: Readonly<Record<string, { readonly status: string }>>;
}

async function removeFrom(tested: TestedStore, url: string, prefix: string): Promise<void> {
  const raw = await tested.raw(url, prefix);
  await raw.remove();
  await raw.close();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
