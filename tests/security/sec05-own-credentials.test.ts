import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { makeApiKey } from './support/api-key.ts';
import { startCredentialServer, type CredentialServer } from './support/credential-server.ts';

let app: TestApp;
let server: CredentialServer;
let people: readonly User[];
const stored = 'Bearer of-the-upstream-alone';

beforeAll(async () => {
  [app, server] = await Promise.all([startTestApp(), startCredentialServer()]);
  people = [await app.newUser(['developer']), await app.newUser(['developer'])];
});
afterAll(async () => {
  await app.close();
  await server.close();
});

async function register(name: string, headers: Readonly<Record<string, unknown>>): Promise<string> {
  const transport = { type: 'streamable-http', url: server.url, headers };
  const { status, body, text } = await app.request('POST', '/api/v1/mcps', { body: { name, transport } });
  expect(status, text).toBe(201);
  return (body as { id: string }).id;
}

const call = (mcpId: string, token: string | null, headers: Readonly<Record<string, string>> = {}) =>
  app.request('POST', '/api/v1/executions', { token, headers, body: { mcpId, tool: 'plain', arguments: {} } });

test('nothing that a caller authenticates with or is forwarded by reaches a server, by any credential', async () => {
  const mcp = await register('with a credential', { Authorization: stored });
  const [person] = people;
  const token = person?.token ?? '';
  const { key } = await makeApiKey(app, token, ['mcp:call', 'mcp:read']);
  const forwarding = {
    Cookie: 'session=planted-cookie-of-the-caller',
    Forwarded: 'for=203.0.113.77;host=planted.example;proto=https',
    'X-Forwarded-For': '203.0.113.77',
    'X-Forwarded-Host': 'planted.example',
    'X-Forwarded-Proto': 'https',
    'X-Real-IP': '203.0.113.77',
    'Proxy-Authorization': 'Basic planted-proxy',
    'X-Custom-Token': 'planted-custom-token',
  };
  const before = server.seen.length;
  expect((await call(mcp, token, forwarding)).status).toBe(200);
  expect((await call(mcp, key, forwarding)).status).toBe(200);
  expect((await call(mcp, null, { ...forwarding, 'X-API-Key': key })).status).toBe(200);

  const seen = server.seen.slice(before);
  expect(seen.length).toBeGreaterThanOrEqual(3);
  for (const headers of seen) {
    expect(headers.authorization).toBe(stored);
    const names = Object.keys(headers).filter((name) => /cookie|forwarded|x-api-key|real-ip|proxy|custom/.test(name));
    expect(names).toEqual([]);
    const text = JSON.stringify(headers);
    for (const planted of [token, key, 'planted', '203.0.113.77']) expect(text).not.toContain(planted);
  }
});

test('a server for which nothing is stored is sent no credential', async () => {
  const mcp = await register('without a credential', {});
  const before = server.seen.length;
  expect((await call(mcp, people[0]?.token ?? '', { Cookie: 'a=b' })).status).toBe(200);
  for (const headers of server.seen.slice(before)) {
    expect([headers.authorization, headers.cookie, headers['x-api-key']]).toEqual([undefined, undefined, undefined]);
  }
});

test('each caller is sent with his own secret, at the same time and after one another', async () => {
  const mcp = await register('of each caller', { 'X-Account': { secret: 'account', scope: 'user' } });
  const values = people.map((_, index) => `account-of-person-${index}`);
  for (const [index, { token }] of people.entries()) {
    const body = { name: 'account', value: values[index], scope: 'user', mcps: [mcp] };
    expect((await app.request('POST', '/api/v1/secrets', { token, body })).status).toBe(201);
  }
  const calls: Promise<{ readonly status: number; readonly text: string }>[] = [];
  const before = server.seen.length;
  for (let round = 0; round < 10; round++) for (const { token } of people) calls.push(call(mcp, token));
  for (const { status, text } of await Promise.all(calls)) expect(status, text).toBe(200);
  // One after the other each is the only one to call, so every request there is must be his.
  const seen = server.seen.slice(before).map((headers) => headers['x-account']);
  expect(new Set(seen)).toEqual(new Set(values));
  for (const [index, { token }] of people.entries()) {
    const from = server.seen.length;
    for (let round = 0; round < 3; round++) expect((await call(mcp, token)).status).toBe(200);
    const own = server.seen.slice(from).map((headers) => headers['x-account']);
    expect(own).toEqual([values[index], values[index], values[index]]);
  }
});

test('who has no such secret makes no call with that of another', async () => {
  const before = server.seen.length;
  const stranger = await app.newUser(['developer']);
  const { status, body } = await call('of each caller', stranger.token);
  expect(status).toBe(422);
  expect((body as { detail: string }).detail).toContain('you have no secret "account"');
  expect(server.seen.length).toBe(before);
});

test('a personal secret goes to no mcp that its owner did not name, nor to another address by the same mcp', async () => {
  const other = await register('not named', { 'X-Account': { secret: 'account', scope: 'user' } });
  const before = server.seen.length;
  const token = people[0]?.token ?? '';
  expect((await call(other, token)).body).toMatchObject({ code: 'upstream_refused' });
  const moved = await app.request('PATCH', '/api/v1/mcps/of%20each%20caller', {
    body: { transport: { type: 'streamable-http', url: `${server.url}?elsewhere` } },
  });
  expect(moved.status, moved.text).toBe(200);
  expect((await call('of each caller', token)).body).toMatchObject({ code: 'upstream_refused' });
  expect(server.seen.slice(before).filter((headers) => headers['x-account'] !== undefined)).toEqual([]);
});
