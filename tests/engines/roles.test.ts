import { expect, test } from 'vitest';
import { until } from '../http/support/until.ts';
import type { EngineStatus } from '../../src/http/deps.ts';
import type { RebuildStatus } from '../../src/ports/projection-control.ts';
import { ask, type Mcp } from '../integration/support/api.ts';
import { caughtUp, projectionsOf } from '../integration/support/read-models.ts';
import type { ServerProcess } from '../integration/support/server-process.ts';
import { openFeed } from '../integration/support/sse.ts';
import { onEngines } from '../support/engines.ts';
import { rebuild } from './support/rebuild.ts';
import { severalProcesses } from './support/several.ts';

const { install, start, register } = severalProcesses();

async function namesAt(api: ServerProcess, position: string): Promise<readonly string[]> {
  const headers = { 'X-Wait-For-Position': position };
  const { items } = await ask<{ items: Mcp[] }>(api, 200, 'GET', '/api/v1/mcps?limit=200', { headers });
  return items.map(({ name }) => name);
}

onEngines(['mariadb', 'mongodb', 'elasticsearch', 'kafka', 'redis'], (urls) => {
  test('processes with roles of their own, on a stand-in for EventStoreDB: any node reads what another has written', async () => {
    const installation = install({
      sql: urls.mariadb,
      documents: urls.mongodb,
      search: urls.elasticsearch,
      kafka: urls.kafka,
      redis: urls.redis,
    });
    const projector = await start('projector,relay', '');
    const first = await start('api');
    const others = await Promise.all([start('api', first.adminToken), start('api', first.adminToken)]);
    await start('projector,relay,worker,scheduler', '');

    // A node without the role answers probes, and nothing else.
    expect((await projector.request('GET', '/health/live')).status).toBe(200);
    expect((await projector.request('GET', '/api/v1/mcps', { token: first.adminToken })).status).toBe(404);
    const seen = async () => {
      const { nodes } = await ask<{ nodes: unknown[] }>(first, 200, 'GET', '/api/v1/system');
      return nodes.length === 5;
    };
    await until(seen, 'every process is seen', 20_000);
    await caughtUp(first);
    // How far each store is, and Kafka, by the word of the relay in another process.
    const allCaughtUp = async () => {
      const { engines } = await ask<{ engines: Record<string, EngineStatus> }>(first, 200, 'GET', '/api/v1/system');
      const lags = ['bus', 'relational', 'documents', 'search'].map((port) => engines[port]?.lag);
      return lags.every((lag) => lag === 0);
    };
    await until(allCaughtUp, 'every store and the bus have come to the end of the log', 30_000);

    const names: string[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const writer = [first, ...others][turn % 3] ?? first;
      const name = `written by node ${turn % 3} in turn ${turn}`;
      const { position } = await register(writer, name);
      names.push(name);
      for (const reader of [first, ...others])
        expect(await namesAt(reader, position)).toEqual(expect.arrayContaining(names));
    }

    // A feed that breaks is taken up on another node, where it was.
    const feed = await openFeed(first, '/api/v1/events/stream?category=mcp&type=McpRegistered', {
      'Last-Event-ID': '0',
    });
    const ids: string[] = [];
    for await (const { id } of feed.frames()) {
      ids.push(id ?? '');
      if (ids.length === 3) break;
    }
    feed.close();
    const resumed = await openFeed(others[0], '/api/v1/events/stream?category=mcp&type=McpRegistered', {
      'Last-Event-ID': ids.at(-1) ?? '',
    });
    for await (const { id } of resumed.frames()) {
      ids.push(id ?? '');
      if (ids.length === 6) break;
    }
    resumed.close();
    expect(new Set(ids).size).toBe(6);
    expect(ids.map(Number)).toEqual(ids.map(Number).toSorted((a, b) => a - b));

    // The other projector takes over what the killed one kept, and publishes what it did not.
    await projector.kill();
    const { position } = await register(first, 'after the kill');
    const isThere = async () => (await namesAt(others[1], position)).includes('after the kill');
    await until(isThere, 'the other projector has taken over', 60_000);
    await caughtUp(first);

    // Rebuilt from the log by an API node, while everything goes on, the models hold the same.
    const live = await installation.rows();
    for (const { name } of await projectionsOf(first)) {
      const id = await rebuild(first, name);
      // Also on a node that has not rebuilt it.
      const told = async () => {
        const path = `/api/v1/projections/${name}/rebuilds/${id}`;
        const { status, version } = await ask<RebuildStatus>(others[0], 200, 'GET', path);
        return status === 'succeeded' && version > 1;
      };
      await until(told, 'another node tells the end of the rebuild', 20_000);
    }
    await caughtUp(first);
    const rebuilt = await installation.rows();
    const stable = (rows: typeof live) => Object.fromEntries(Object.entries(rows).filter(([name]) => name !== 'audit'));
    expect(stable(rebuilt)).toEqual(stable(live));
    // The audit trail has the rebuilds themselves besides.
    expect(rebuilt['audit']).toEqual(expect.arrayContaining([...(live['audit'] ?? [])]));
  }, 240_000);
});
