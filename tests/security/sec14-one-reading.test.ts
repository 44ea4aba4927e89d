import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { duplicateKey } from '../../src/http/middleware/duplicate-keys.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const json = { 'Content-Type': 'application/json' };
const mcp = (more: string) =>
  `{"name":"good","transport":{"type":"streamable-http","url":"http://127.0.0.1:1/mcp"${more}}`;

test.each([
  ['at the top', `${mcp('')},"name":"evil"}`, '/name'],
  ['in an object inside', `${mcp(',"url":"http://169.254.169.254/"')}}`, '/transport/url'],
  ['written otherwise', `${mcp('')},"n\\u0061me":"evil"}`, '/name'],
  ['behind what is dropped', `{"name":{"a":1,"a":2},${mcp('').slice(1)}}`, '/name/a'],
  ['in a list', `{"name":"x","tags":[{},{"a~/b":1,"a~/b":2}]}`, '/tags/1/a~0~1b'],
  ['an empty one', `{"":1,"":2}`, '/'],
])('SEC14: a name that stands in an object twice is refused and named (%s)', async (_where, raw, pointer) => {
  const before = await app.head();
  const refused = await app.request('POST', '/api/v1/mcps', { raw, headers: json });
  expect(refused.status, refused.text).toBe(400);
  expect(refused.body).toMatchObject({ code: 'duplicate_key', errors: [{ pointer }] });
  expect(await app.head()).toBe(before);
});

test('SEC14: equal names in different objects, and names inside texts, are no duplicates', () => {
  for (const value of [
    { a: { a: [{ a: 1 }, { a: 2 }] }, b: { a: '{"a":1,"a":2}' }, 'c"': 'a\\', d: ',"a":' },
    ['a', 'a', { 'a\\': 1, a: 2 }],
    'a',
    {},
  ]) {
    expect(duplicateKey(JSON.stringify(value)), JSON.stringify(value)).toBeUndefined();
    expect(duplicateKey(JSON.stringify(value, null, 2))).toBeUndefined();
  }
  const deep = `${'['.repeat(100_000)}{"a":1,"a":2}${']'.repeat(100_000)}`;
  expect(duplicateKey(deep)).toMatch(/\/0\/a$/);
});

test('SEC14: a name in another spelling is another name, which nobody knows', async () => {
  for (const [raw, pointer] of [
    [`{"Name":"x",${mcp('').slice(1)}}`, '/Name'],
    [`${mcp(',"Type":"stdio","Command":"node"')}}`, '/transport/Type'],
  ] as const) {
    const refused = await app.request('POST', '/api/v1/mcps', { raw, headers: json });
    expect(refused.status, refused.text).toBe(422);
    expect(refused.text).toContain(`"pointer":"${pointer}"`);
  }
});

test('SEC14: headers that say something else than the request do not count', async () => {
  const created = await app.request('POST', '/api/v1/mcps', { raw: `${mcp('')}}`, headers: json });
  const { id } = created.body as { id: string };
  const viewer = await app.newUser(['viewer']);
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']) {
    const read = await app.request('GET', `/api/v1/mcps/${id}`, { headers: { [name]: 'DELETE' } });
    expect(read.body).toMatchObject({ id, status: 'active' });
    const override = { token: viewer.token, headers: { [name]: 'GET' } };
    expect((await app.request('DELETE', `/api/v1/mcps/${id}`, override)).status).toBe(403);
  }
  for (const name of ['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Uri']) {
    const other = { token: viewer.token, headers: { [name]: '/health' } };
    expect((await app.request('DELETE', `/api/v1/mcps/${id}`, other)).status).toBe(403);
  }
  for (const name of ['X-User', 'X-Forwarded-User', 'X-Remote-User', 'X-Roles']) {
    const other = { token: viewer.token, headers: { [name]: 'admin' } };
    expect((await app.request('GET', '/api/v1/audit', other)).status).toBe(403);
  }
});

test('SEC14: two credentials that disagree are none', async () => {
  const viewer = await app.newUser(['viewer']);
  const both = { token: viewer.token, headers: { 'X-API-Key': app.adminToken } };
  expect((await app.request('GET', '/api/v1/mcps', both)).status).toBe(401);
});
