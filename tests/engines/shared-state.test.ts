import { expect, test } from 'vitest';
import { until } from '../http/support/until.ts';
import { ask, type Mcp } from '../integration/support/api.ts';
import { caughtUp } from '../integration/support/read-models.ts';
import { adminPassword, type ServerProcess } from '../integration/support/server-process.ts';
import { onEngines } from '../support/engines.ts';
import { rebuild } from './support/rebuild.ts';
import { severalProcesses } from './support/several.ts';

const { install, start, register } = severalProcesses();
const ROLES = 'api,relay,projector,worker,scheduler';

async function outcomes(api: ServerProcess): Promise<Readonly<Record<string, number>>> {
  const { text } = await api.request('GET', '/metrics', { token: null });
  const lines = text.matchAll(/^annals_answer_cache_total\{outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, outcome, count]) => [outcome, Number(count)]));
}

const logIn = (api: ServerProcess, password: string) =>
  api.request('POST', '/api/v1/auth/login', { token: null, body: { username: 'admin', password } });

onEngines(['mariadb', 'mongodb', 'elasticsearch', 'kafka', 'redis'], (urls) => {
  test('two processes, on a stand-in for EventStoreDB, share answers, ended sessions and failed logins', async () => {
    install({
      sql: urls.mariadb,
      documents: urls.mongodb,
      search: urls.elasticsearch,
      kafka: urls.kafka,
      redis: urls.redis,
    });
    const first = await start(ROLES);
    const second = await start(ROLES, first.adminToken);
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
