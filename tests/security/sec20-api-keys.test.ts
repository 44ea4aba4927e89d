import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { until } from '../http/support/until.ts';
import { makeApiKey } from './support/api-key.ts';

let directory: string;
let app: TestApp;
let user: User;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-keys-'));
  const feed = { stallMs: 10_000, beatMs: 60_000, renewMs: 100 };
  app = await startTestApp({ env: { ANNALS_DATA_DIR: directory }, http: { feed } });
  user = await app.newUser(['operator']);
});

afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const ask = (path: string, key: string) => app.request('GET', path, { token: key });

describe('what is kept of a key (SEC20)', () => {
  test('is a hash: neither the key nor its secret is anywhere in the data, the log or an answer', async () => {
    const { id, key } = await makeApiKey(app, user.token, ['mcp:read']);
    expect(key).toMatch(/^annals_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/);
    expect((await ask('/api/v1/mcps', key)).status).toBe(200);
    const secret = key.slice(key.lastIndexOf('_') + 1);
    const headers = { 'X-Wait-For-Position': String(await app.head()) };
    const answers = await Promise.all(
      [`/api/v1/api-keys/${id}`, '/api/v1/api-keys', `/api/v1/streams/apiKey-${id}/events`, '/api/v1/audit'].map(
        (path) => app.request('GET', path, { headers }),
      ),
    );
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toContain(secret);
    }
    expect(answers[2]?.text).toContain('"secretHash":"[redacted]"');
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    const contents = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
    );
    expect(contents.some((bytes) => bytes.includes(id))).toBe(true);
    for (const bytes of contents) expect(bytes.includes(secret)).toBe(false);
    expect(JSON.stringify(app.logged)).not.toContain(secret);
  });

  test('is no more when the request is sent again with its Idempotency-Key: the same key is told, and stored nowhere', async () => {
    const send = () =>
      app.request('POST', '/api/v1/api-keys', {
        token: user.token,
        headers: { 'Idempotency-Key': 'once' },
        body: { name: 'once', scopes: ['mcp:read'] },
      });
    const [first, again] = [await send(), await send()];
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('cache-control')).toContain('no-store');
    const { key } = first.body as { key: string };
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile())) {
      expect((await readFile(join(file.parentPath, file.name))).includes(key), file.name).toBe(false);
    }
  });
});

describe('a key', () => {
  test('speaks for its owner by either header, and the record says which key it was', async () => {
    const { id, key } = await makeApiKey(app, user.token, ['mcp:write', 'mcp:read']);
    const transport = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
    const made = await app.request('POST', '/api/v1/mcps', {
      token: null,
      headers: { 'X-API-Key': key },
      body: { name: 'by key', transport },
    });
    expect(made).toMatchObject({ status: 201, body: { createdBy: `user:${user.id}` } });
    const stream = `/api/v1/streams/mcp-${(made.body as { id: string }).id}/events`;
    const headers = { 'X-Wait-For-Position': String(await app.head()) };
    expect((await app.request('GET', stream, { headers })).body).toMatchObject({
      items: [{ metadata: { actor: `user:${user.id}`, via: `api-key:${id}` } }, {}],
    });
    expect((await app.request('GET', '/api/v1/mcps', { token: key, headers: { 'X-API-Key': key } })).status).toBe(200);
    const both = await app.request('GET', '/api/v1/mcps', { token: app.adminToken, headers: { 'X-API-Key': key } });
    expect(both).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });

  test('is dead as soon as it is revoked, open streams included', async () => {
    const { id, key } = await makeApiKey(app, user.token, ['event:read', 'mcp:read']);
    const stream = await openSse(`${app.url}/api/v1/events/stream`, { Authorization: `Bearer ${key}` });
    expect(stream.status).toBe(200);
    expect((await ask('/api/v1/mcps', key)).status).toBe(200);
    expect((await app.request('DELETE', `/api/v1/api-keys/${id}`, { token: user.token })).status).toBe(204);
    expect(await ask('/api/v1/mcps', key)).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
    await until(() => stream.ended, 'the stream of the revoked key ends');
    expect(stream.text).toContain('the credential has ended');
    expect((await app.request('GET', `/api/v1/api-keys/${id}`, { token: user.token })).body).toMatchObject({
      status: 'revoked',
    });
  });

  test('may do what its owner may at that moment and its scopes say', async () => {
    const owner = await app.newUser(['operator']);
    const { key } = await makeApiKey(app, owner.token, ['mcp:read', 'system:read', 'mcp:git*:call']);
    expect((await ask('/api/v1/mcps', key)).status).toBe(200);
    expect((await ask('/api/v1/system', key)).status).toBe(200);
    const beyond = await ask('/api/v1/executions', key);
    expect(beyond).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect(beyond.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    const call = { mcpId: 'by key', tool: 'echo', arguments: {} };
    expect(await app.request('POST', '/api/v1/executions', { token: key, body: call })).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
    await app.request('PUT', `/api/v1/users/${owner.id}/roles`, { body: { roles: ['viewer'] } });
    expect((await ask('/api/v1/mcps', key)).status).toBe(200);
    expect(await ask('/api/v1/system', key)).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
  });

  test('makes no keys and changes no passwords', async () => {
    const { key } = await makeApiKey(app, user.token, ['self:manage']);
    const attempts = [
      ['/api/v1/api-keys', { name: 'child', scopes: ['self:manage'] }],
      ['/api/v1/auth/password', { currentPassword: user.password, newPassword: 'another password' }],
      ['/api/v1/auth/logout', {}],
    ] as const;
    for (const [path, body] of attempts) {
      expect(await app.request('POST', path, { token: key, body }), path).toMatchObject({
        status: 403,
        body: { code: 'session_required' },
      });
    }
  });

  test('ends when it says', async () => {
    const expiresAt = new Date(Date.now() + 1500).toISOString();
    const { id, key } = await makeApiKey(app, user.token, ['mcp:read'], { expiresAt });
    await until(async () => (await ask('/api/v1/mcps', key)).status === 401, 'the key has expired');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect((await app.request('GET', `/api/v1/api-keys/${id}`, { token: user.token })).body).toMatchObject({
      status: 'expired',
    });
    const past = { name: 'past', scopes: ['mcp:read'], expiresAt: '2020-01-01T00:00:00Z' };
    expect(await app.request('POST', '/api/v1/api-keys', { body: past })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/expiresAt' }] },
    });
  });

  test('is refused from other addresses than it names, which is recorded', async () => {
    const here = await makeApiKey(app, user.token, ['mcp:read'], { addresses: ['127.0.0.0/8', '::1'] });
    expect((await ask('/api/v1/mcps', here.key)).status).toBe(200);
    const elsewhere = await makeApiKey(app, user.token, ['mcp:read'], { addresses: ['192.0.2.0/24', '2001:db8::/32'] });
    const headers = { 'X-Forwarded-For': '192.0.2.7', 'X-Correlation-Id': 'from-elsewhere' };
    const refused = await app.request('GET', '/api/v1/mcps', { token: elsewhere.key, headers });
    expect(refused).toMatchObject({ status: 403, body: { code: 'address_not_allowed' } });
    const wait = { 'X-Wait-For-Position': String(await app.head()) };
    const recorded = await app.request('GET', '/api/v1/events?correlationId=from-elsewhere', { headers: wait });
    expect(recorded.body).toMatchObject({ items: [{ type: 'AccessDenied', metadata: { actor: `user:${user.id}` } }] });
    for (const n of Array(5).keys()) {
      const again = { ...headers, 'X-Correlation-Id': `again-${n}` };
      const reply = await app.request('GET', '/api/v1/mcps', { token: elsewhere.key, headers: again });
      expect(reply).toMatchObject({ status: 403, body: { code: 'address_not_allowed' } });
    }
    // A flood of them writes nothing.
    const later = { 'X-Wait-For-Position': String(await app.head()) };
    for (const n of Array(5).keys()) {
      const { body } = await app.request('GET', `/api/v1/events?correlationId=again-${n}`, { headers: later });
      expect(body).toMatchObject({ items: [] });
    }
    for (const wrong of ['localhost', '192.0.2.0/33', '::/129', '1.2.3.4/', '1.2.3.4/8/8', 'fe80::1%eth0']) {
      const body = { name: 'wrong', scopes: ['mcp:read'], addresses: [wrong] };
      expect((await app.request('POST', '/api/v1/api-keys', { body })).status, wrong).toBe(422);
    }
  });

  test('tells when it was used last, by one event however often it was', async () => {
    const { id, key } = await makeApiKey(app, user.token, ['mcp:read']);
    const read = async () =>
      (await app.request('GET', `/api/v1/api-keys/${id}`, { token: user.token })).body as { lastUsedAt: string | null };
    expect((await read()).lastUsedAt).toBeNull();
    await Promise.all(Array.from({ length: 50 }, () => ask('/api/v1/mcps', key)));
    await until(async () => (await read()).lastUsedAt !== null, 'the use is told');
    const history = (await app.request('GET', `/api/v1/streams/apiKey-${id}/events`)).body as {
      items: readonly { type: string }[];
    };
    expect(history.items.map(({ type }) => type)).toEqual(['ApiKeyCreated', 'ApiKeyUsed']);
  });
});

test('one that was changed anywhere is no key', async () => {
  const { key } = await makeApiKey(app, user.token, ['mcp:read']);
  expect((await ask('/api/v1/mcps', key)).status).toBe(200);
  for (let at = 0; at < key.length; at++) {
    const other = key[at] === 'x' ? 'y' : 'x';
    const reply = await ask('/api/v1/mcps', key.slice(0, at) + other + key.slice(at + 1));
    expect(reply.status, `changed at ${at}`).toBe(401);
  }
  for (const wrong of [key.slice(0, -1), `${key}0`, key.toLowerCase()]) {
    expect((await ask('/api/v1/mcps', wrong)).status).toBe(401);
  }
});
