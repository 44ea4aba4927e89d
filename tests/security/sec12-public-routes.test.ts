import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Route } from '../../src/http/route/route.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';

/** Every route that answers without a principal. A new one has to be added here, by somebody who has thought about it. */
const publicRoutes = [
  'post /api/v1/auth/register',
  'post /api/v1/auth/login',
  'post /api/v1/auth/refresh',
  'get /.well-known/jwks.json',
  'get /.well-known/oauth-protected-resource',
  'get /.well-known/oauth-protected-resource/mcp',
  'get /.well-known/oauth-authorization-server/oauth',
  'get /.well-known/openid-configuration/oauth',
  'get /oauth/.well-known/oauth-authorization-server',
  'get /oauth/.well-known/openid-configuration',
  'get /oauth/authorize',
  'get /oauth/authorize/{uid}',
  'post /oauth/token',
  'post /oauth/revoke',
  'post /oauth/register',
  'get /oauth/interaction/{uid}',
  'post /oauth/interaction/{uid}',
  'get /health',
  'get /health/live',
  'get /health/ready',
  'get /',
  'get /api/docs',
  'get /api/redoc',
  'get /api/openapi.json',
  'get /api/docs/assets/swagger-ui.css',
  'get /api/docs/assets/swagger-ui-bundle.js',
  'get /api/docs/assets/favicon-32x32.png',
  'get /api/docs/assets/start.js',
  'get /api/redoc/assets/redoc.standalone.js',
  'get /api/redoc/assets/start.js',
];

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(async () => {
  await app.close();
});

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const pathOf = ({ path }: Route) => path.replace(/\{\w+\}/g, '01936f2a-7c11-7000-8000-0000000000ff');
/** Asked from elsewhere: what is open to this machine is not. */
const fromElsewhere = { Via: '1.1 proxy' };
const guarded = () => app.routes.filter((route) => !publicRoutes.includes(nameOf(route)));

const bad: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'no credential': {},
  'an empty Authorization': { Authorization: '' },
  'a password': { Authorization: `Basic ${btoa('admin:test-admin-password')}` },
  'a token that is none': { Authorization: 'Bearer not.a.token' },
  'a key that is none': { Authorization: `Bearer annals_${'0'.repeat(22)}_${'0'.repeat(49)}` },
  'a key of nobody, in X-API-Key': { 'X-API-Key': `annals_${'0'.repeat(22)}_${'0'.repeat(49)}` },
  'an X-API-Key that is none': { 'X-API-Key': 'secret' },
  'a token in X-API-Key': { 'X-API-Key': 'eyJhbGciOiJub25lIn0.e30.' },
};

test('the listed routes are public, and no others', () => {
  const isPublic = app.routes.filter(({ access }) => 'public' in access).map(nameOf);
  expect(isPublic.sort()).toEqual([...publicRoutes].sort());
});

test('the public routes ask for no credential', async () => {
  for (const route of app.routes.filter((one) => publicRoutes.includes(nameOf(one)))) {
    const { status } = await app.request(route.method.toUpperCase(), pathOf(route), { token: null });
    // A login without a body, or a step of a sign-in that there is not, is a bad request: none lacks a credential.
    expect([200, 400, 422], nameOf(route)).toContain(status);
  }
});

test.each(Object.entries(bad))('nothing else answers to %s', async (_name, headers) => {
  for (const route of guarded()) {
    const before = await app.head();
    const options = { token: null, headers: { ...fromElsewhere, ...headers } };
    const reply = await app.request(route.method.toUpperCase(), pathOf(route), options);
    expect(reply.status, nameOf(route)).toBe(401);
    expect(reply.headers.get('www-authenticate'), nameOf(route)).toMatch(/^Bearer realm="annals"/);
    expect(Object.keys(reply.body as object).sort(), nameOf(route)).toEqual(
      ['code', 'correlationId', 'detail', 'instance', 'status', 'title', 'type'].sort(),
    );
    expect(await app.head(), nameOf(route)).toBe(before);
  }
});

test('a credential in the address is none', async () => {
  for (const name of ['access_token', 'token', 'api_key', 'apiKey']) {
    const reply = await app.request('GET', `/api/v1/mcps?${name}=${app.adminToken}`, { token: null });
    expect(reply.status, name).toBe(401);
  }
});

test('health tells its state and nothing more', async () => {
  for (const path of ['/health', '/health/live', '/health/ready']) {
    const reply = await app.request('GET', path, { token: null, headers: fromElsewhere });
    expect([reply.status, reply.text], path).toEqual([200, '{"status":"ok"}']);
  }
});

test('metrics are for this machine, for who has their token, and for who may read the system', async () => {
  const ask = (token: string | null, headers = {}) => app.request('GET', '/metrics', { token, headers });
  expect((await ask(null)).status).toBe(200);
  expect((await ask(null, fromElsewhere)).status).toBe(401);
  expect((await ask(null, { 'X-Forwarded-For': '127.0.0.1' })).status).toBe(401);
  expect((await ask((await app.newUser()).token, fromElsewhere)).status).toBe(403);
  expect((await ask(app.adminToken, fromElsewhere)).status).toBe(200);
});

test('a WebSocket that nobody vouches for gets nothing', async () => {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws`);
  const got: unknown[] = [];
  const code = await new Promise<number>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ subscribe: { topic: 'events', after: 0 } })));
    socket.on('message', (data: Buffer) => got.push(JSON.parse(data.toString())));
    socket.on('close', resolve);
  });
  expect(code).toBe(4401);
  expect(got).toMatchObject([{ error: { code: 'unauthenticated' } }]);
});
