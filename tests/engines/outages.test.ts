import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EngineStatus } from '../../src/http/deps.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask, type Mcp } from '../integration/support/api.ts';
import { caughtUp, projectionsOf, rebuiltRows } from '../integration/support/read-models.ts';
import { startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { onEngine, onEngines } from '../support/engines.ts';
import { createInstallation, type Installation } from './support/installation.ts';
import { proxied, type Proxied } from './support/proxied.ts';

let tools: ToolServer;
let installation: Installation | undefined;
let server: ServerProcess | undefined;
const ways: Proxied[] = [];

beforeAll(async () => {
  tools = await startToolServer();
});
afterAll(() => tools.close());
afterEach(async () => {
  for (const { proxy } of ways) proxy.heal();
  await server?.kill();
  await installation?.remove();
  for (const { proxy } of ways.splice(0)) await proxy.close();
  [server, installation] = [undefined, undefined];
});

/** A route that reads from each store, and the kind of its models. */
const reads = {
  sql: { kind: 'relational', path: () => '/api/v1/mcps?limit=10' },
  // What the documents do not have yet is folded from the log, so this one is always answered.
  documents: { kind: 'documents', path: (id: string) => `/api/v1/mcps/${id}/versions/1` },
  search: { kind: 'search', path: () => '/api/v1/audit?limit=10' },
} as const;

async function register(api: ServerProcess, name: string): Promise<Mcp> {
  const body = { name, transport: { type: 'streamable-http', url: tools.url } };
  return ask<Mcp>(api, 201, 'POST', '/api/v1/mcps', { body });
}

/** Changes and calls, all of which have to be taken whatever the read stores do. */
async function work(api: ServerProcess, mcp: Mcp, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await ask(api, 200, 'PATCH', `/api/v1/mcps/${mcp.id}`, {
      body: { description: `round ${round} of ${Math.random()}` },
    });
    const body = { mcpId: mcp.id, tool: 'echo', arguments: { message: `round ${round}` } };
    await ask(api, 200, 'POST', '/api/v1/executions', { body });
  }
}

/** Whatever is answered is right, or 503 with the time after which to come again. */
async function look(api: ServerProcess, path: string): Promise<number> {
  const { status, headers } = await api.request('GET', path);
  expect([200, 503]).toContain(status);
  if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  return status;
}

async function expectWhole(): Promise<void> {
  if (!server || !installation) throw new Error('nothing runs');
  await caughtUp(server);
  await server.stop();
  expect(await installation.rows()).toEqual(await rebuiltRows(installation.dataDir));
}

function outagesOf(engine: keyof typeof reads, url: string): void {
  const { kind, path } = reads[engine];
  const modelsOf = async (api: ServerProcess) => (await projectionsOf(api)).filter(({ store }) => store === kind);
  const missed = (api: ServerProcess) =>
    until(async () => (await modelsOf(api)).every(({ status }) => status === 'stopped'), 'the store is missed', 30_000);

  test.each(['cut', 'stall'] as const)(
    'that is lost (%s) holds up nothing, and misses nothing',
    async (fault) => {
      const way = await proxied(url);
      ways.push(way);
      installation = createInstallation({ [engine]: way.url });
      const api = (server = await startServer({ dataDir: installation.dataDir, env: installation.env }));
      const mcp = await register(api, 'tools');
      await work(api, mcp, 3);
      await caughtUp(api);

      way.proxy[fault]();
      await work(api, mcp, 5);
      await missed(api);
      await work(api, mcp, 3);
      await look(api, path(mcp.id));
      const { engines } = await ask<{ engines: Record<string, EngineStatus> }>(api, 200, 'GET', '/api/v1/system');
      expect(engines[kind]).toMatchObject({ status: 'unavailable', embedded: false });
      expect(engines[kind]?.engine).toMatch(/MySQL|MariaDB|MongoDB|Elasticsearch/);
      expect(engines[kind]?.lag).toBeGreaterThan(0);
      way.proxy.heal();
      await work(api, mcp, 3);
      await expectWhole();
    },
    120_000,
  );

  test('that is away at the start is opened when it comes', async () => {
    const way = await proxied(url);
    ways.push(way);
    installation = createInstallation({ [engine]: way.url });
    way.proxy.cut();
    const api = (server = await startServer({ dataDir: installation.dataDir, env: installation.env }));
    const mcp = await register(api, 'tools');
    await work(api, mcp, 2);
    await missed(api);
    expect(await look(api, path(mcp.id))).toBe(engine === 'documents' ? 200 : 503);
    way.proxy.heal();
    await expectWhole();
  }, 120_000);

  test('that is emptied while the platform runs has its models built from the log again', async () => {
    installation = createInstallation({ [engine]: url });
    const api = (server = await startServer({ dataDir: installation.dataDir, env: installation.env }));
    const mcp = await register(api, 'tools');
    await work(api, mcp, 3);
    await caughtUp(api);
    await installation.empty();
    await work(api, mcp, 3);
    const isNew = async () => (await modelsOf(api)).every(({ version }) => version > 1);
    await until(isNew, 'every model has a new version', 60_000);
    await expectWhole();
  }, 120_000);
}

onEngine('mariadb', (url) => describe('a relational store', () => outagesOf('sql', url)));
onEngine('mysql', (url) => describe('a relational store', () => outagesOf('sql', url)));
onEngine('mongodb', (url) => describe('a document store', () => outagesOf('documents', url)));
onEngine('elasticsearch', (url) => describe('a search store', () => outagesOf('search', url)));

onEngines(['mariadb', 'mongodb'], ({ mariadb, mongodb }) => {
  test('a platform killed again and again while it catches up ends with the rows of a rebuild', async () => {
    installation = createInstallation({ sql: mariadb, documents: mongodb });
    const { dataDir, env } = installation;
    server = await startServer({ dataDir, env });
    const mcp = await register(server, 'tools');
    for (let kill = 0; kill < 8; kill++) {
      await work(server, mcp, 4);
      // Not waited for: the kill meets the projectors wherever they are.
      await server.kill();
      server = await startServer({ dataDir, env });
    }
    await expectWhole();
  }, 180_000);
});
