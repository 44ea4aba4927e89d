import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask, type Mcp } from '../integration/support/api.ts';
import { caughtUp } from '../integration/support/read-models.ts';
import { adminPassword, startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { onEngines } from '../support/engines.ts';
import { startStandIn, type StandIn } from '../support/esdb-stand-in/stand-in.ts';
import { createInstallation, type Installation } from './support/installation.ts';
import { rebuild } from './support/rebuild.ts';

let tools: ToolServer;
let log: StandIn;
let installation: Installation;
const processes: ServerProcess[] = [];
const directories: string[] = [];

beforeEach(async () => {
  [tools, log] = await Promise.all([startToolServer(), startStandIn()]);
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.kill()));
  await Promise.all([installation.remove(), tools.close(), log.stop()]);
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function start(token?: string): Promise<ServerProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'annals-shared-'));
  directories.push(dataDir);
  const env = { ...installation.env, ANNALS_ROLES: 'api,relay,projector,worker,scheduler' };
  const started = await startServer({ dataDir, env, ...(token !== undefined && { token }) });
  processes.push(started);
  return started;
}

async function outcomes(api: ServerProcess): Promise<Readonly<Record<string, number>>> {
  const { text } = await api.request('GET', '/metrics', { token: null });
  const lines = text.matchAll(/^annals_answer_cache_total\{outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, outcome, count]) => [outcome, Number(count)]));
}

const logIn = (api: ServerProcess, password: string) =>
  api.request('POST', '/api/v1/auth/login', { token: null, body: { username: 'admin', password } });

onEngines(['mariadb', 'mongodb', 'elasticsearch', 'kafka', 'redis'], (urls) => {
  test('two processes, on a stand-in for EventStoreDB, share answers, ended sessions and failed logins', async () => {
    installation = createInstallation({
      sql: urls.mariadb,
      documents: urls.mongodb,
      search: urls.elasticsearch,
      kafka: urls.kafka,
      redis: urls.redis,
      eventStore: log.url,
    });
    const first = await start();
    const second = await start(first.adminToken);
    const register = async (api: ServerProcess, name: string) => {
      const body = { name, transport: { type: 'streamable-http', url: tools.url } };
      const reply = await api.request('POST', '/api/v1/mcps', { body });
      expect(reply.status, reply.text).toBe(201);
      return { id: (reply.body as Mcp).id, position: reply.headers.get('x-event-position') ?? '' };
    };
    const list = async (api: ServerProcess, headers: Readonly<Record<string, string>> = {}) => {
      const { items } = await ask<{ items: Mcp[] }>(api, 200, 'GET', '/api/v1/mcps?sort=name', { headers });
      return items.map(({ name }) => name);
    };
    await caughtUp(first);

    // What one was answered, the other answers as well, whatever order the parameters come in.
    const { id, position } = await register(first, 'a');
    expect(await list(first, { 'X-Wait-For-Position': position })).toEqual(['a']);
    const path = `/api/v1/mcps/${id}`;
    const read = await first.request('GET', path);
    const seen = async () => {
      expect(await list(second, { 'X-Wait-For-Position': position })).toEqual(['a']);
      const again = await second.request('GET', path);
      expect(again.text).toBe(read.text);
      expect(again.headers.get('etag')).toBe(read.headers.get('etag'));
      return ((await outcomes(second))['hit_shared'] ?? 0) > 0;
    };
    await until(seen, 'an answer of the other process was used', 20_000);
    const etag = read.headers.get('etag') ?? '';
    expect((await second.request('GET', path, { headers: { 'If-None-Match': etag } })).status).toBe(304);

    // Never older than what was written here, nor than what was asked for there.
    for (let turn = 0; turn < 8; turn++) {
      const [writer, reader] = turn % 2 === 0 ? [first, second] : [second, first];
      const name = `b${turn}`;
      const written = await register(writer, name);
      expect(await list(writer)).toContain(name);
      expect(await list(reader, { 'X-Wait-For-Position': written.position })).toContain(name);
      const body = { description: `changed in turn ${turn}` };
      const changed = await writer.request('PATCH', path, { body });
      expect(changed.status, changed.text).toBe(200);
      expect(await ask<Mcp>(writer, 200, 'GET', path)).toMatchObject(body);
      const headers = { 'X-Wait-For-Position': changed.headers.get('x-event-position') ?? '' };
      expect(await ask<Mcp>(reader, 200, 'GET', path, { headers })).toMatchObject(body);
    }

    // An event that the model does not read leaves what is kept; another version of the model has nothing kept yet.
    const names = await list(first);
    await first.request('POST', '/api/v1/auth/login', {
      token: null,
      body: { username: 'admin', password: adminPassword },
    });
    await caughtUp(first);
    const before = await outcomes(first);
    expect(await list(first)).toEqual(names);
    expect((await outcomes(first))['miss']).toBe(before['miss']);
    await rebuild(first, 'mcps');
    expect(await list(first)).toEqual(names);
    expect((await outcomes(first))['miss']).toBe((before['miss'] ?? 0) + 1);

    // Who may see less is answered by himself.
    const ada = { username: 'ada', email: 'ada@example.org', password: 'correct horse battery staple' };
    expect((await first.request('POST', '/api/v1/auth/register', { token: null, body: ada })).status).toBe(201);
    const login = await first.request('POST', '/api/v1/auth/login', {
      token: null,
      body: { username: ada.username, password: ada.password },
    });
    const { accessToken: token } = login.body as { accessToken: string };
    expect((await second.request('GET', '/api/v1/users', { token })).status).toBe(403);

    // A session that is ended here is over there.
    expect((await second.request('GET', '/api/v1/auth/me', { token })).status).toBe(200);
    expect((await first.request('POST', '/api/v1/auth/logout', { token })).status).toBe(204);
    const isOver = async () => (await second.request('GET', '/api/v1/auth/me', { token })).status === 401;
    await until(isOver, 'the session is over in the other process', 20_000);

    // Ten failed logins of one account from one address, in both processes together.
    for (let n = 0; n < 10; n++) expect((await logIn(n % 2 ? first : second, 'wrong')).status).toBe(401);
    for (const api of [first, second]) expect((await logIn(api, 'wrong')).status).toBe(429);
  }, 240_000);
});
