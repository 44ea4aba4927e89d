import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyExport } from '../../src/audit/verify/verify-export.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { until } from '../http/support/until.ts';
import { makeApiKey } from './support/api-key.ts';

/** What is known of one person. The address is one that nothing else has. */
const planted = {
  username: 'planted-person-77af',
  email: 'planted.e.mail@privacy.example',
  address: '203.0.113.77',
};
const password = 'the password of a person';
const other = { username: 'somebody-who-stays', email: 'stays@privacy.example', address: '203.0.113.88' };
const env = { ANNALS_TRUSTED_PROXIES: '127.0.0.1/32', ANNALS_AUDIT_SEAL_EVENTS: '4' };

let directory: string;
let app: TestApp;
let id: string;
let keyId: string;
let logged: string;

const from = (address: string) => ({ 'X-Forwarded-For': address });

async function get(path: string): Promise<string> {
  const { status, text } = await app.request('GET', path, {
    headers: { 'X-Wait-For-Position': `${await app.head()}` },
  });
  expect(status, `${path}: ${text}`).toBe(200);
  return text;
}

/** Somebody who registers, logs in and uses an API key, all from one address. */
async function take(person: typeof planted): Promise<{ readonly id: string; readonly keyId: string }> {
  const { username, email, address } = person;
  const headers = { ...from(address), 'Idempotency-Key': `register ${username}` };
  const registered = await app.request('POST', '/api/v1/auth/register', {
    token: null,
    headers,
    body: { username, email, password },
  });
  expect(registered.status, registered.text).toBe(201);
  const login = await app.request('POST', '/api/v1/auth/login', {
    token: null,
    headers: from(address),
    body: { username, password },
  });
  const { accessToken } = login.body as { accessToken: string };
  const made = await makeApiKey(app, accessToken, ['mcp:read']);
  const used = await app.request('GET', '/api/v1/mcps', { token: made.key, headers: from(address) });
  expect(used.status, used.text).toBe(200);
  // A denial by somebody who is known.
  const denied = await app.request('GET', '/api/v1/users', { token: accessToken, headers: from(address) });
  expect(denied.status).toBe(403);
  return { id: (registered.body as { id: string }).id, keyId: made.id };
}

/** Everything that the API tells of events and people. */
async function everythingTold(): Promise<string> {
  const texts = [];
  for (const path of [
    '/api/v1/users?limit=200',
    '/api/v1/events?limit=200',
    `/api/v1/events?limit=200&stream=user-${id}`,
    `/api/v1/events?limit=200&actor=user:${id}`,
    '/api/v1/audit?limit=200',
    `/api/v1/audit?limit=200&actor=user:${id}`,
    '/api/v1/audit/export?format=jsonl',
    '/api/v1/audit/export?format=csv',
    '/api/v1/api-keys?limit=200',
    `/api/v1/api-keys/${keyId}`,
  ]) {
    texts.push(await get(path));
  }
  const head = await app.head();
  const feed = await openSse(`${app.url}/api/v1/events/stream?after=0`, { Authorization: `Bearer ${app.adminToken}` });
  await until(() => (feed.events.at(-1)?.id ?? 0) >= head, 'the feed has told everything');
  texts.push(feed.text);
  feed.close();
  return texts.join('\n');
}

async function filesWith(texts: readonly string[], part: string): Promise<readonly string[]> {
  const found: string[] = [];
  const forms = texts.flatMap((text) => [text, Buffer.from(text).toString('base64').slice(0, -4)]);
  for (const entry of await readdir(join(directory, part), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const content = await contentOf(join(entry.parentPath, entry.name));
    for (const form of forms) if (content.includes(form)) found.push(`${entry.name}: ${form}`);
  }
  return found;
}

/** Nothing where it is gone meanwhile: databases make files and remove them as they write. */
async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Nothing of the one is told, and all of the other. */
function expectErased(told: string): void {
  const isTold = (person: typeof planted) => Object.values(person).filter((text) => told.includes(text));
  expect([isTold(planted), isTold(other)]).toEqual([[], Object.values(other)]);
}

async function logFile(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(directory, 'events.sqlite')))
    .digest('hex');
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-privacy-'));
  app = await startTestApp({ directory, env });
  ({ id, keyId } = await take(planted));
  await take(other);
}, 60_000);
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

describe('a person who is known', () => {
  test('is shown to those who may see people, wherever that person came from', async () => {
    const told = await everythingTold();
    for (const text of Object.values(planted)) expect(told).toContain(text);
    expect(await get(`/api/v1/api-keys/${keyId}`)).toContain(planted.address);
    expect(await get('/api/v1/audit/export?format=csv')).toContain(planted.address);
    expect(told).not.toContain('sealed:');
  });

  test('stands in clear in no file but the read models', async () => {
    const files = await filesWith(Object.values(planted), '.');
    expect(files.filter((file) => !/^users\b/.test(file))).toEqual([]);
  });
});

describe('a person who was erased', () => {
  beforeAll(async () => {
    const { status, text } = await app.request('DELETE', `/api/v1/users/${id}`);
    expect(status, text).toBe(204);
  });

  test('is in nothing that is told, where others still are', async () => {
    expectErased(await everythingTold());
    for (const path of [
      `/api/v1/events?stream=user-${id}`,
      '/api/v1/audit/export?format=jsonl',
      '/api/v1/audit/export?format=csv',
    ]) {
      expect(await get(path)).toContain('[erased]');
    }
    expect(await get(`/api/v1/api-keys/${keyId}`)).toContain('"lastUsedFrom":"[erased]"');
  });

  test('is in nothing that is told of the past either', async () => {
    const { body } = await app.request('GET', `/api/v1/events?stream=user-${id}&limit=1`);
    const [first] = (body as { items: { position: number }[] }).items;
    const past = await get(`/api/v1/users/${id}?asOf=${first?.position}`);
    expect(past).toContain('"username":"[erased]"');
    expect(past).not.toContain(planted.email);
  });

  test('leaves the record whole: every seal holds, and the export verifies by itself', async () => {
    const { body, text } = await app.request('POST', '/api/v1/audit/verify');
    expect(body, text).toMatchObject({ ok: true });
    const headers = { Authorization: `Bearer ${app.adminToken}` };
    const answer = await fetch(`${app.url}/api/v1/audit/export?format=sealed`, { headers });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const outcome = await verifyExport(Readable.from([bytes]));
    expect(outcome).toMatchObject({ ok: true, kind: 'whole' });
    expect(Object.values(planted).filter((text) => bytes.includes(text))).toEqual([]);
    expect(bytes.includes(id)).toBe(true);
  });

  test('is in read models that are built anew as little as in those that were there', async () => {
    for (const name of ['users', 'audit', 'api_keys', 'sessions']) {
      const started = await app.request('POST', `/api/v1/projections/${name}/rebuild`);
      expect(started.status, started.text).toBe(202);
      const { id: rebuildId } = started.body as { id: string };
      await until(async () => {
        const { body } = await app.request('GET', `/api/v1/projections/${name}/rebuilds/${rebuildId}`);
        return (body as { status: string }).status === 'succeeded';
      }, `${name} is rebuilt`);
    }
    expectErased(await everythingTold());
  }, 60_000);

  test('stands in no line of the program’s log', () => {
    logged = app.logged
      .map((line) => inspect(line, { depth: 10, maxStringLength: null, maxArrayLength: null }))
      .join('\n');
    expect(logged).not.toContain(planted.email);
    expect(logged).not.toContain(planted.username);
  });

  test('stands in no file at all once the server has stopped, and is no more after a start', async () => {
    await app.close();
    expect(await filesWith(Object.values(planted), '.')).toEqual([]);
    const before = await logFile();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    app = await startTestApp({ directory, env });
    expectErased(await everythingTold());
  }, 60_000);
});

test('a log whose keys of people are not there is not started on, and nothing is changed', async () => {
  await app.close();
  const people = join(directory, 'people.sqlite');
  const kept = await readFile(people);
  await rm(people);
  const before = await logFile();
  await expect(startTestApp({ directory, env })).rejects.toThrow(/ANNALS_DATA_DIR.*people\.sqlite/s);
  expect(await logFile()).toBe(before);
  await writeFile(people, kept);
  app = await startTestApp({ directory, env });
  expect(await get('/api/v1/users')).toContain(other.username);
}, 60_000);
