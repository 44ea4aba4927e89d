import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { makeApiKey } from './support/api-key.ts';
import { rawRequest } from './support/raw-request.ts';

let app: TestApp;
let tools: ToolServer;
let mcpId: string;

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  const reply = await app.request('POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
  mcpId = (reply.body as { id: string }).id;
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

let rules = 0;

/** A rule of ten minutes, which no test lives to see the end of. */
async function allow(limit: number, rule: object): Promise<string> {
  const body = { name: `rule-${++rules}`, limit, windowMs: 600_000, ...rule };
  const reply = await app.request('POST', '/api/v1/rate-limits', { body });
  expect(reply.status, reply.text).toBe(201);
  return (reply.body as { id: string }).id;
}

const only = ({ id }: User) => ({ principals: [`user:${id}`] });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
/** What clients say of where they are. */
const elsewhere = [
  { 'X-Forwarded-For': '203.0.113.1' },
  { 'X-Forwarded-For': '203.0.113.2, 127.0.0.1' },
  { Forwarded: 'for=203.0.113.3' },
  { 'X-Real-IP': '203.0.113.4' },
  { 'X-Client-IP': '203.0.113.5', 'CF-Connecting-IP': '203.0.113.6', 'True-Client-IP': '203.0.113.7' },
];

describe('one budget (SEC22)', () => {
  test('is that of a person, whatever credential speaks for him and wherever it says that it comes from', async () => {
    const user = await app.newUser();
    const second = await app.logIn(user.username, user.password);
    const { key } = await makeApiKey(app, user.token, ['mcp:read']);
    const { key: other } = await makeApiKey(app, user.token, ['mcp:read']);
    const ways: Record<string, string>[] = [
      bearer(user.token),
      bearer(second.accessToken),
      bearer(key),
      { 'X-API-Key': other },
      ...elsewhere.map((headers) => ({ ...bearer(user.token), ...headers })),
    ];
    await allow(ways.length, { classes: ['read'], ...only(user) });
    const ask = async (headers: Record<string, string>, method = 'GET') =>
      (await app.request(method, '/api/v1/mcps', { token: null, headers })).status;
    for (const headers of ways) expect(await ask(headers), JSON.stringify(headers)).toBe(200);
    for (const headers of ways) {
      expect(await ask(headers), JSON.stringify(headers)).toBe(429);
      expect(await ask(headers, 'HEAD'), JSON.stringify(headers)).toBe(429);
    }
  });

  test('is that of a route, however its path and its method are spelled', async () => {
    const user = await app.newUser();
    await allow(1, { classes: ['read'], ...only(user) });
    const ask = (method: string, path: string, headers = {}) =>
      rawRequest(app.port, method, path, { ...bearer(user.token), ...headers });
    expect(await ask('GET', '/api/v1/mcps')).toBe(200);
    for (const path of [
      '/api/v1/mcps',
      '/api/v1/mcps?',
      '/api/v1/mcps?limit=1',
      '/API/V1/MCPS',
      '/api/v1/Mcps',
      '/api/v1/mcps/',
      '//api/v1/mcps',
      '/api//v1/mcps',
      '/api/v1//mcps',
      '/api/v1/./mcps',
      '/api/v1/users/../mcps',
      '/api/v1/mcp%73',
      '/%61pi/v1/mcps',
      '/api%2Fv1%2Fmcps',
      '/api/v1/mcps%20',
      '/api/v1/mcps;a=b',
      '/api/v1/mcps%00',
      `http://127.0.0.1:${app.port}/api/v1/mcps`,
    ]) {
      expect([400, 404, 429], path).toContain(await ask('GET', path));
    }
    const override = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'];
    for (const name of override) {
      expect(await ask('GET', '/api/v1/mcps', { [name]: 'DELETE' }), name).toBe(429);
      // A change stays one, and is no way to read.
      expect([411, 415, 422], name).toContain(await ask('POST', '/api/v1/mcps', { [name]: 'GET' }));
    }
  });

  test('is that of an address, of those who do not say who they are', async () => {
    const id = await allow(3, { classes: ['auth'], per: ['address'] });
    const attempt = async (headers = {}) =>
      (await app.request('POST', '/api/v1/auth/refresh', { token: null, headers, body: { refreshToken: 'none' } }))
        .status;
    expect([await attempt(), await attempt(), await attempt()]).toEqual([401, 401, 401]);
    for (const headers of elsewhere) expect(await attempt(headers), JSON.stringify(headers)).toBe(429);
    const login = { username: 'admin', password: 'whatever it is' };
    expect((await app.request('POST', '/api/v1/auth/login', { token: null, body: login })).status).toBe(429);
    await app.request('DELETE', `/api/v1/rate-limits/${id}`);
  });

  test('is used by requests that are refused as well', async () => {
    const user = await app.newUser(['viewer']);
    await allow(4, { classes: ['write'], ...only(user) });
    const ask = async (path: string, body: object) =>
      (await app.request('POST', path, { token: user.token, body })).status;
    expect(await ask('/api/v1/mcps', {})).toBe(403);
    expect(await ask('/api/v1/users/x/password', {})).toBe(403);
    expect(await ask('/api/v1/projections/mcps/rollback', {})).toBe(403);
    expect(await ask('/api/v1/rate-limits', {})).toBe(403);
    expect(await ask('/api/v1/mcps', {})).toBe(429);

    const id = await allow(2, { classes: ['read'], principals: ['anonymous'] });
    const guess = async (token: string | null) => (await app.request('GET', '/api/v1/mcps', { token })).status;
    expect([await guess(null), await guess('no.good.token'), await guess('another')]).toEqual([401, 401, 429]);
    // Whoever has a good credential is not hindered by those who have not, from the same address.
    expect(await guess(app.adminToken)).toBe(200);
    await app.request('DELETE', `/api/v1/rate-limits/${id}`);
  });

  test('is that of a tool, whoever names it how, and answers that were given before are uses', async () => {
    const user = await app.newUser();
    await allow(4, { classes: ['call'], per: ['tool'], tools: ['TOOLS:ech*'] });
    const call = (body: object, headers = {}, token = user.token) =>
      app.request('POST', '/api/v1/executions', { token, body: { arguments: { message: 'hello' }, ...body }, headers });
    const once = { 'Idempotency-Key': 'once' };
    const first = await call({ mcpId: 'tools', tool: 'echo' }, once);
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit')).toMatch(/;r=3;t=\d+$/);
    const { id } = first.body as { id: string };
    expect((await call({ mcpId, tool: 'echo', version: 1 })).status).toBe(200);
    expect((await call({ mcpId: 'TOOLS', tool: 'echo' }, {}, app.adminToken)).status).toBe(200);
    const replay = () => app.request('POST', `/api/v1/executions/${id}/replay`, { token: user.token, body: {} });
    expect((await replay()).status).toBe(200);

    const refused = await call({ mcpId: 'tools', tool: 'echo' }, { 'Idempotency-Key': 'another' });
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect((await call({ mcpId, tool: 'echo' }, {}, app.adminToken)).status).toBe(429);
    expect((await replay()).status).toBe(429);
    // Another tool has its own.
    expect((await call({ mcpId: 'tools', tool: 'large' })).status).toBe(200);
  });

  test('is used by calls that never come to a tool', async () => {
    const user = await app.newUser();
    await allow(3, { classes: ['call'], ...only(user) });
    const call = async (body: object, headers = {}) =>
      (await app.request('POST', '/api/v1/executions', { token: user.token, body, headers })).status;
    expect(await call({ nonsense: true })).toBe(422);
    expect(await call({ mcpId: 'nowhere', tool: 'echo', arguments: {} })).toBe(404);
    const good = { mcpId: 'tools', tool: 'fail', arguments: {} };
    expect(await call(good, { 'Idempotency-Key': 'again' })).toBe(200);
    expect(await call(good, { 'Idempotency-Key': 'again' })).toBe(429);
    expect(await call({ nonsense: true })).toBe(429);
  });

  test('leaves nothing in the log when it is used up: no keys of requests, no denials, no calls', async () => {
    const user = await app.newUser(['viewer']);
    const caller = await app.newUser();
    await allow(1, { classes: ['call', 'write'], per: [], ...only(user) });
    await allow(1, { classes: ['call', 'write'], per: [], ...only(caller) });
    const ask = async (path: string, { token }: User, key: string) => {
      const body = { mcpId: 'tools', tool: 'fail', arguments: {} };
      return (await app.request('POST', path, { token, body, headers: { 'Idempotency-Key': key } })).status;
    };
    expect([await ask('/api/v1/executions', user, 'a'), await ask('/api/v1/executions', caller, 'a')]).toEqual([
      403, 200,
    ]);
    const before = await app.head();
    for (const path of ['/api/v1/executions', `/api/v1/executions/${mcpId}/replay`, '/api/v1/mcps', '/api/v1/roles']) {
      for (const one of [user, caller]) expect(await ask(path, one, `b ${path}`), path).toBe(429);
    }
    expect(await app.head()).toBe(before);
  });

  test('is used by each item of what does many things at once', async () => {
    const user = await app.newUser();
    await allow(60, { classes: ['write'], ...only(user) });
    const servers = (count: number, from: string) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`${from}${n}`, { type: 'http', url: 'http://127.0.0.1:9/mcp' }]),
      );
    const bring = (mcpServers: object) =>
      app.request('POST', '/api/v1/mcps/import', { token: user.token, body: { mcpServers } });
    expect((await bring(servers(100, 'many'))).status).toBe(429);
    const some = await bring(servers(50, 'some'));
    expect(some.status).toBe(200);
    // The one that was refused was one use.
    expect(some.headers.get('ratelimit')).toMatch(/;r=9;t=\d+$/);
    expect((await bring(servers(10, 'more'))).status).toBe(429);
    const { items } = (await app.request('GET', '/api/v1/mcps?limit=200')).body as { items: { name: string }[] };
    expect(items.filter(({ name }) => name.startsWith('many') || name.startsWith('more'))).toEqual([]);
  });
});

describe('feeds and WebSockets', () => {
  const connect = (token: string, headers = {}): Promise<WebSocket | number> => {
    const socket = new WebSocket(`ws://127.0.0.1:${app.port}/ws`, { headers: { ...bearer(token), ...headers } });
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(socket));
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', reject);
    });
  };
  const answersTo = async (socket: WebSocket, count: number): Promise<{ error?: { code: string } }[]> => {
    const answers: { error?: { code: string } }[] = [];
    const complete = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        answers.push(JSON.parse(data.toString()) as { error?: { code: string } });
        if (answers.length === count) resolve();
      });
    });
    for (let n = 0; n < count; n++) socket.send('{"unsubscribe":{"topic":"events"}}');
    await complete;
    return answers;
  };

  test('take from one budget of feeds that are opened', async () => {
    const user = await app.newUser(['operator']);
    await allow(2, { classes: ['stream'], ...only(user) });
    const sse = async () => {
      const reader = await openSse(`${app.url}/api/v1/events/stream`, bearer(user.token));
      reader.close();
      return reader.status;
    };
    const socket = await connect(user.token);
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    socket.close();
    expect(await sse()).toBe(200);
    expect(await sse()).toBe(429);
    expect(await connect(user.token, { 'X-Forwarded-For': '203.0.113.9' })).toBe(429);
  });

  test('take from one budget of messages, over however many connections', async () => {
    const user = await app.newUser(['operator']);
    await allow(5, { classes: ['message'], ...only(user) });
    const first = await connect(user.token);
    const second = await connect(user.token);
    if (typeof first === 'number' || typeof second === 'number') throw new Error('refused');
    const codes = [...(await answersTo(first, 4)), ...(await answersTo(second, 3))].map(({ error }) => error?.code);
    expect(codes).toEqual([...Array<undefined>(5).fill(undefined), 'rate_limited', 'rate_limited']);
    first.close();
    second.close();
  });
});
