import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type Reply, type TestApp, type User } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { until } from '../http/support/until.ts';
import { startCredentialServer, type CredentialServer } from './support/credential-server.ts';
import { makeApiKey } from './support/api-key.ts';

/** Each can be told from all others by its middle. */
const planted = {
  env: 'planted-env-4f1c9a77d2e6',
  header: 'planted-header-8be20d51c3f9',
  shared: 'planted-shared-02ac7fe9b614',
  rotated: 'planted-rotated-91d5e03b7ac8',
  personal: 'planted-personal-c7e81f4402db',
  password: 'planted-password-6d3b90ea15f7',
  administrator: 'planted-administrator-aa41c6e2',
  jwtSecret: 'planted-jwt-secret-5be07d8f1c2a94e6b3d7',
  masterKey: 'planted-master-key-e19c04b7d6f2385a7c1b',
  metrics: 'planted-metrics-token-3fa86bd2c15e',
  provider: 'planted-client-secret-70de5c2b19af',
  argument: 'planted-argument-b46f08e3d2a1',
  address: 'planted-address-15c9e7a0f83d',
};
const program = fileURLToPath(new URL('./support/telling-server.ts', import.meta.url));

let directory: string;
let app: TestApp;
let server: CredentialServer;
let user: User;
/** What somebody was given once, and what was made of it nobody else gets. */
const given: Record<string, string> = {};
/** Every answer but the ones that give something once. */
const answers: string[] = [];
/** The answers to credentials where they can be read. */
let byArgument: Reply;
let byAddress: Reply;
/** How often a secret reached a server: without that, nothing would be shown here. */
let told = 0;

async function ask(method: string, path: string, body?: unknown, token?: string): Promise<Reply> {
  const headers = method === 'POST' ? { 'Idempotency-Key': `key ${answers.length}` } : {};
  const options = { headers, ...(body === undefined ? {} : { body }), ...(token === undefined ? {} : { token }) };
  const reply = await app.request(method, path, options);
  answers.push(`${method} ${path}\n${JSON.stringify([...reply.headers])}\n${reply.text}`);
  return reply;
}

async function made(path: string, body: unknown, token?: string): Promise<string> {
  const { status, text, body: answered } = await ask('POST', path, body, token);
  expect(status, text).toBe(201);
  return (answered as { id: string }).id;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-planted-'));
  server = await startCredentialServer();
  app = await startTestApp({
    directory,
    adminPassword: planted.administrator,
    env: {
      ANNALS_ADMIN_PASSWORD: planted.administrator,
      ANNALS_JWT_SECRET: planted.jwtSecret,
      ANNALS_MASTER_KEY: planted.masterKey,
      ANNALS_METRICS_TOKEN: planted.metrics,
      ANNALS_OIDC_ISSUER: 'https://sign-in.invalid',
      ANNALS_OIDC_CLIENT_ID: 'annals',
      ANNALS_OIDC_CLIENT_SECRET: planted.provider,
      ANNALS_PUBLIC_URL: 'http://localhost',
    },
  });
  await plant();
  await use();
  await look();
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

async function plant(): Promise<void> {
  user = await app.newUser(['operator']);
  const change = { currentPassword: user.password, newPassword: planted.password };
  const changed = await app.request('POST', '/api/v1/auth/password', { token: user.token, body: change });
  expect(changed.status, changed.text).toBeLessThan(300);
  const { accessToken, refreshToken } = await app.logIn(user.username, planted.password);
  const key = await makeApiKey(app, accessToken, ['mcp:read', 'mcp:call']);
  Object.assign(given, { accessToken, refreshToken, apiKey: key.key });

  const shared = await made('/api/v1/secrets', { name: 'shared', value: planted.shared });
  const transport = {
    type: 'stdio',
    command: 'node',
    args: [program],
    env: {
      PLANTED_TOKEN: planted.env,
      SHARED: { secret: 'shared' },
      OWN: { secret: 'own', scope: 'user' },
    },
  };
  const telling = await made('/api/v1/mcps', { name: 'telling', transport });
  const giving = { ...transport, env: { PLANTED_TOKEN: planted.env, SHARED: { secret: 'shared' }, GIVE_UP: 'now' } };
  await made('/api/v1/mcps', { name: 'giving up', transport: giving });
  const own = { name: 'own', value: planted.personal, scope: 'user', mcps: [telling] };
  await made('/api/v1/secrets', own, accessToken);
  await made('/api/v1/secrets', own);
  const headers = { Authorization: `Bearer ${planted.header}` };
  await made('/api/v1/mcps', { name: 'remote', transport: { type: 'streamable-http', url: server.url, headers } });
  await ask('PATCH', `/api/v1/secrets/${shared}`, { value: planted.rotated });

  const args = [program, `--api-key=${planted.argument}`];
  byArgument = await ask('POST', '/api/v1/mcps', { name: 'by argument', transport: { ...transport, args } });
  const url = `${server.url}?api_key=${planted.address}`;
  const addressed = { name: 'by address', transport: { type: 'streamable-http', url } };
  byAddress = await ask('POST', '/api/v1/mcps', addressed);
}

async function use(): Promise<void> {
  await ask('POST', '/api/v1/executions', { mcpId: 'giving up', tool: 'tell', arguments: {} });
  for (const mcp of ['telling', 'remote']) {
    await ask('POST', `/api/v1/mcps/${mcp}/discover`, {});
    for (const tool of mcp === 'telling' ? ['tell', 'fail', 'break'] : ['echo', 'fail', 'break']) {
      const reply = await ask('POST', '/api/v1/executions', { mcpId: mcp, tool, arguments: {} });
      if (reply.text.includes('[secret]')) told++;
      await ask('POST', '/api/v1/executions', { mcpId: mcp, tool, arguments: {} }, given['accessToken']);
    }
  }
  // Credentials where none belong: what is refused is not written down either.
  await ask('POST', '/api/v1/secrets', { name: 'wrong', value: `${planted.shared}\n` });
  await ask('POST', '/api/v1/auth/login', { username: user.username, password: `${planted.password} `, more: 1 });
}

async function look(): Promise<void> {
  const position = String(await app.head());
  const known: Record<string, string> = { user: user.id };
  const wait = { 'X-Wait-For-Position': position };
  for (const name of ['executions', 'mcps', 'secrets', 'api-keys']) {
    const { body } = await app.request('GET', `/api/v1/${name}`, { headers: wait });
    known[name] = (body as { items: { id: string }[] }).items[0]?.id ?? '';
  }
  for (const { method, path } of app.routes) {
    if (method !== 'get' || path.endsWith('/stream') || path.includes('/oauth') || path.includes('/oidc')) continue;
    const [, name = ''] = /^\/api\/v1\/([a-z-]+)\/\{id\}/.exec(path) ?? [];
    const id = name === 'users' ? known['user'] : known[name];
    const address = path.replace('{id}', id ?? 'x').replace('{stream}', `mcp-${known['mcps']}`);
    await ask('GET', address.replace('{n}', '1').replace('{name}', name === '' ? 'mcps' : 'x'));
  }
  for (let after = 0; ;) {
    const { body } = await ask('GET', `/api/v1/events?limit=200&after=${after}`);
    const { items, nextAfter } = body as { items: unknown[]; nextAfter: number };
    if (items.length === 0) break;
    after = nextAfter;
  }
  for (const format of ['jsonl', 'csv']) await ask('GET', `/api/v1/audit/export?format=${format}`);
  const { body } = await ask('GET', '/api/v1/executions?limit=200');
  for (const { id } of (body as { items: { id: string }[] }).items) await ask('GET', `/api/v1/executions/${id}`);
  const headers = { Authorization: `Bearer ${app.adminToken}` };
  const feed = await openSse(`${app.url}/api/v1/events/stream?after=0`, headers);
  await until(() => (feed.events.at(-1)?.id ?? 0) >= Number(position), 'the feed has told everything');
  answers.push(feed.text);
  feed.close();
  await app.close();
}

/** The ways in which a text may stand somewhere without being encrypted. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // In base64, a text stands differently by what is before it; its middle does not tell where it begins.
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return text.slice(4, -4);
  });
  return [secret, bytes.toString('hex'), ...shifted];
}

function found(text: string): readonly string[] {
  const secrets = { ...planted, ...given };
  return Object.entries(secrets).flatMap(([name, value]) =>
    formsOf(value).some((form) => text.includes(form)) ? [name] : [],
  );
}

test('the servers had the secrets and said them again', () => {
  expect(server.seen.some(({ authorization }) => authorization === `Bearer ${planted.header}`)).toBe(true);
  // By every tool of both.
  expect(told).toBe(6);
});

test('a credential in an argument or an address is refused, and the field is named', () => {
  expect([byArgument.status, byArgument.body]).toMatchObject([
    422,
    { code: 'credential_misplaced', errors: [{ pointer: '/transport/args/1' }] },
  ]);
  expect([byAddress.status, byAddress.body]).toMatchObject([
    422,
    { code: 'credential_misplaced', errors: [{ pointer: '/transport/url' }] },
  ]);
});

describe('nothing that was planted stands in clear', () => {
  test('in answers of the API, events, feeds, exports, the audit trail and metrics', () => {
    expect(answers.length).toBeGreaterThan(60);
    expect(answers.filter((text) => found(text).length > 0).map((text) => [text.slice(0, 60), found(text)])).toEqual(
      [],
    );
  });

  test('in the log that the platform writes', () => {
    const lines = app.logged.map((line) => inspect(line, { depth: 10, maxStringLength: null, maxArrayLength: null }));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => found(line).length > 0)).toEqual([]);
  });

  test('in any file of the data directory', async () => {
    const faults: [string, readonly string[]][] = [];
    let files = 0;
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      files++;
      const names = found(await readFile(join(entry.parentPath, entry.name), 'latin1'));
      if (names.length > 0) faults.push([entry.name, names]);
    }
    expect(files).toBeGreaterThan(3);
    expect(faults).toEqual([]);
  });
});
