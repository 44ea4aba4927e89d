import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { until } from './support/until.ts';

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
  tools.release();
  await app.close();
  await tools.close();
});

const keyed = (key: string, body: object, path = '/api/v1/executions', token?: string | null) =>
  app.request('POST', path, { body, headers: { 'Idempotency-Key': key }, ...(token === undefined ? {} : { token }) });
const echo = (message: string) => ({ mcpId, tool: 'echo', arguments: { message } });

test('the same request is done once and answered twice', async () => {
  const key = randomUUID();
  const first = await keyed(key, echo('once'));
  const head = await app.head();
  const second = await keyed(key, { arguments: { message: 'once' }, tool: 'echo', mcpId });
  expect(first.status).toBe(200);
  expect(first.headers.get('idempotent-replayed')).toBeNull();
  expect([second.status, second.body]).toEqual([200, first.body]);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  for (const name of ['etag', 'location', 'x-event-position', 'content-type']) {
    expect(second.headers.get(name), name).toBe(first.headers.get(name));
  }
  expect(await app.head()).toBe(head);
});

test('another body under the same key is refused', async () => {
  const key = randomUUID();
  await keyed(key, echo('one'));
  expect(await keyed(key, echo('two'))).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  expect(await keyed(key, echo('one'), '/api/v1/mcps/import')).toMatchObject({ status: 422 });
});

test('while the first is running, the second is told so', async () => {
  const key = randomUUID();
  const body = { mcpId, tool: 'wait' };
  const first = keyed(key, body);
  await until(() => tools.waiting > 0, 'the tool was called');
  expect(await keyed(key, body)).toMatchObject({ status: 409, body: { code: 'request_in_progress' } });
  tools.release();
  expect((await first).status).toBe(200);
  expect((await keyed(key, body)).headers.get('idempotent-replayed')).toBe('true');
});

test('many at once do it once', async () => {
  const key = randomUUID();
  const replies = await Promise.all(Array.from({ length: 10 }, () => keyed(key, echo('crowd'))));
  for (const { status } of replies) expect([200, 409]).toContain(status);
  const ids = new Set(replies.filter(({ status }) => status === 200).map(({ body }) => (body as { id: string }).id));
  expect(ids.size).toBe(1);
});

test('a key is its principal’s own', async () => {
  const key = randomUUID();
  const { token } = await app.newUser();
  const mine = await keyed(key, echo('mine'));
  const theirs = await keyed(key, echo('theirs'), '/api/v1/executions', token);
  expect([mine.status, theirs.status]).toEqual([200, 200]);
  expect(theirs.headers.get('idempotent-replayed')).toBeNull();
});

test('refusals are answered again as well, as problems', async () => {
  const key = randomUUID();
  const first = await keyed(key, { ...echo('x'), arguments: {} });
  const second = await keyed(key, { ...echo('x'), arguments: {} });
  expect([first.status, second.status]).toEqual([422, 422]);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('content-type')).toBe('application/problem+json');
  expect(second.headers.get('idempotent-replayed')).toBe('true');
});

test('input that is not valid claims no key', async () => {
  const key = randomUUID();
  const head = await app.head();
  expect((await keyed(key, { tool: 'echo' })).status).toBe(422);
  expect(await app.head()).toBe(head);
  expect((await keyed(key, echo('now rightly'))).status).toBe(200);
});

test('an answer too large for an event is answered again whole', async () => {
  const key = randomUUID();
  const body = { mcpId, tool: 'large' };
  const first = await keyed(key, body);
  const second = await keyed(key, body);
  expect(first.text.length).toBeGreaterThan(200_000);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
});

test('registering an mcp again with the same key is not a name taken', async () => {
  const key = randomUUID();
  const body = { name: 'twice', transport: { type: 'streamable-http', url: tools.url } };
  const first = await keyed(key, body, '/api/v1/mcps');
  const second = await keyed(key, body, '/api/v1/mcps');
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body).toEqual(first.body);
});

test('a preview of policies, which shows where people came from, is answered again and never stored', async () => {
  const kept = async () => {
    const { body } = await app.request('GET', '/api/v1/events?type=IdempotencyKeyAnswered&limit=200');
    return (body as { items: unknown[] }).items.length;
  };
  const before = await kept();
  const key = randomUUID();
  const body = { change: { roles: [{ name: 'viewer', permissions: ['mcp:read'] }] } };
  const first = await keyed(key, body, '/api/v1/policies/preview');
  const second = await keyed(key, body, '/api/v1/policies/preview');
  expect([first.status, second.status], first.text).toEqual([200, 200]);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect(await kept()).toBe(before);
});

test('tokens are answered again, and never stored', async () => {
  const user = await app.newUser();
  const key = randomUUID();
  const body = { username: user.username, password: user.password };
  const first = await keyed(key, body, '/api/v1/auth/login', null);
  const second = await keyed(key, body, '/api/v1/auth/login', null);
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect(await keyed(key, { ...body, password: 'other' }, '/api/v1/auth/login', null)).toMatchObject({ status: 422 });

  const { refreshToken, accessToken } = first.body as { refreshToken: string; accessToken: string };
  const log = await app.request('GET', '/api/v1/events?limit=200');
  expect(log.text).not.toContain(refreshToken.split('.')[1]);
  expect(log.text).not.toContain(accessToken);
  expect(log.text).not.toMatch(/argon2id|"\w*[hH]ash":"(?!\[redacted\])/);
});
