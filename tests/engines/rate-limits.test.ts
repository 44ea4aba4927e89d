import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../http/support/until.ts';
import type { ServerProcess } from '../integration/support/server-process.ts';
import { onEngine } from '../support/engines.ts';
import { proxied, type Proxied } from './support/proxied.ts';
import { severalProcesses } from './support/several.ts';

const { install, start } = severalProcesses();
const ROLES = 'api,relay,projector,worker,scheduler';
const PATIENCE_MS = 20_000;

/** Reads something that only a rule of the test counts, and says whether there was room. */
const read = async (api: ServerProcess) => (await api.request('GET', '/api/v1/roles')).status;

async function allow(api: ServerProcess, limit: number): Promise<string> {
  const body = { name: `few-${limit}`, classes: ['read'], limit, windowMs: 600_000 };
  const reply = await api.request('POST', '/api/v1/rate-limits', { body });
  expect(reply.status, reply.text).toBe(201);
  return (reply.body as { id: string }).id;
}

describe('two processes on one log', () => {
  test('both count by a rule a moment after one of them has taken it', async () => {
    install({});
    const first = await start(ROLES);
    const second = await start(ROLES, first.adminToken);
    const id = await allow(first, 1);
    expect([await read(first), await read(first)]).toEqual([200, 429]);
    await until(async () => (await read(second)) === 429, 'the rule counts in the other process', PATIENCE_MS);
    const changed = await second.request('PATCH', `/api/v1/rate-limits/${id}`, { body: { enabled: false } });
    expect(changed.status, changed.text).toBe(200);
    await until(async () => (await read(first)) === 200, 'the change counts here as well', PATIENCE_MS);
  }, 120_000);
});

onEngine('redis', (url) => {
  const ways: Proxied[] = [];
  afterEach(async () => {
    for (const { proxy } of ways.splice(0)) await proxy.close();
  });

  test('processes share budgets, count alone while Redis is away and say so, and share them again (SEC22)', async () => {
    const way = await proxied(url);
    ways.push(way);
    install({ redis: way.url });
    const first = await start(ROLES);
    const second = await start(ROLES, first.adminToken);
    const isShared = async (api: ServerProcess) => {
      const reply = await api.request('GET', '/api/v1/system');
      expect(reply.status, reply.text).toBe(200);
      return (reply.body as { rateLimits: { shared: boolean } }).rateLimits.shared;
    };
    // The state of the platform is read as well: the rule is for changes.
    const body = { name: 'few-changes', classes: ['write'], limit: 6, windowMs: 600_000 };
    const made = await first.request('POST', '/api/v1/rate-limits', { body });
    expect(made.status, made.text).toBe(201);
    const change = async (api: ServerProcess) => (await api.request('DELETE', '/api/v1/roles/nobodys')).status;
    await until(
      async () => (await change(second)) === 404 && (await policies(second)).includes('few-changes'),
      'the rule counts in the other process',
      PATIENCE_MS,
    );
    expect([await isShared(first), await isShared(second)]).toEqual([true, true]);

    // The second has used at least one.
    const own = { first: 0, second: 0 };
    for (let n = 0; n < 2; n++) if ((await change(first)) === 404) own.first++;
    expect(own.first).toBe(2);
    await until(async () => (await change(second)) === 429, 'all is used, by both together', PATIENCE_MS);
    expect(await change(first)).toBe(429);

    way.proxy.cut();
    await until(async () => !(await isShared(first)) && !(await isShared(second)), 'Redis is away', PATIENCE_MS);
    // Each has the whole limit now, its own uses from before included.
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push(await change(first));
    expect(statuses).toEqual([404, 404, 404, 404, 429, 429]);

    way.proxy.heal();
    await until(async () => (await isShared(first)) && (await isShared(second)), 'Redis is back', PATIENCE_MS);
    expect([await change(first), await change(second)]).toEqual([429, 429]);
  }, 120_000);
});

/** Names of the rules that an answer was counted by. */
async function policies(api: ServerProcess): Promise<string> {
  return (await api.request('DELETE', '/api/v1/roles/nobodys')).headers.get('ratelimit-policy') ?? '';
}
