import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleNames, roles, type RoleName } from '../../src/domain/access/roles.ts';
import { defineRoute } from '../../src/http/route/define-route.ts';
import type { Route } from '../../src/http/route/route.ts';
import { startTestApp, type TestApp, type User } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { makeWorld, type World } from './support/world.ts';

/** Every route that answers without a principal. A new one has to be added here, by somebody who has thought about it. */
const publicRoutes = [
  'post /api/v1/auth/register',
  'post /api/v1/auth/login',
  'post /api/v1/auth/refresh',
  'get /.well-known/jwks.json',
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

/** What each of the others needs. */
const permissionOf: Readonly<Record<string, string>> = {
  'post /api/v1/executions': 'mcp:call',
  'get /api/v1/executions': 'execution:read',
  'get /api/v1/executions/{id}': 'execution:read',
  'post /api/v1/executions/{id}/cancel': 'mcp:call',
  'post /api/v1/executions/{id}/replay': 'mcp:call',
  'get /api/v1/executions/{id}/stream': 'execution:read',
  'get /api/v1/mcps': 'mcp:read',
  'post /api/v1/mcps': 'mcp:write',
  'get /api/v1/mcps/{id}': 'mcp:read',
  'patch /api/v1/mcps/{id}': 'mcp:write',
  'delete /api/v1/mcps/{id}': 'mcp:write',
  'post /api/v1/mcps/{id}/restore': 'mcp:write',
  'post /api/v1/mcps/{id}/rollback': 'mcp:write',
  'post /api/v1/mcps/{id}/discover': 'mcp:write',
  'get /api/v1/mcps/{id}/versions': 'mcp:read',
  'get /api/v1/mcps/{id}/versions/{n}': 'mcp:read',
  'get /api/v1/mcps/{id}/versions/{n}/diff': 'mcp:read',
  'get /api/v1/mcps/{id}/tools': 'mcp:read',
  'get /api/v1/mcps/{id}/prompts': 'mcp:read',
  'get /api/v1/mcps/{id}/resources': 'mcp:read',
  'post /api/v1/mcps/import': 'mcp:write',
  'get /api/v1/mcps/export': 'mcp:read',
  'post /api/v1/auth/logout': 'self:manage',
  'post /api/v1/auth/password': 'self:manage',
  'get /api/v1/auth/me': 'self:manage',
  'get /api/v1/users': 'user:read',
  'get /api/v1/users/{id}': 'user:read',
  'put /api/v1/users/{id}/roles': 'user:manage',
  'post /api/v1/users/{id}/password': 'user:manage',
  'get /api/v1/roles': 'role:read',
  'get /api/v1/roles/{name}': 'role:read',
  'post /api/v1/roles': 'role:manage',
  'put /api/v1/roles/{name}': 'role:manage',
  'delete /api/v1/roles/{name}': 'role:manage',
  'get /api/v1/api-keys': 'self:manage',
  'post /api/v1/api-keys': 'self:manage',
  'get /api/v1/api-keys/{id}': 'self:manage',
  'delete /api/v1/api-keys/{id}': 'self:manage',
  'get /api/v1/events': 'event:read',
  'get /api/v1/events/stream': 'event:read',
  'get /api/v1/streams/{stream}/events': 'event:read',
  'get /api/v1/audit': 'audit:read',
  'get /api/v1/audit/export': 'audit:export',
  'get /api/v1/audit/checkpoints': 'audit:read',
  'post /api/v1/audit/verify': 'audit:read',
  'get /api/v1/projections': 'projection:read',
  'get /api/v1/projections/{name}': 'projection:read',
  'post /api/v1/projections/{name}/rebuild': 'projection:manage',
  'get /api/v1/projections/{name}/rebuilds/{id}': 'projection:read',
  'post /api/v1/projections/{name}/rollback': 'projection:manage',
  'get /api/v1/projections/{name}/dead-letters': 'projection:read',
  'post /api/v1/projections/{name}/dead-letters/retry': 'projection:manage',
  'get /metrics': 'system:read',
  'get /api/v1/system': 'system:read',
};

let app: TestApp;
let tools: ToolServer;
let world: World;
const users = new Map<RoleName, User>();

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  world = await makeWorld(app, tools.url);
  for (const role of roleNames) users.set(role, await app.newUser([role]));
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const pathOf = ({ path }: Route) => path.replace(/\{\w+\}/g, '01936f2a-7c11-7000-8000-0000000000ff');
/** Asked from elsewhere: what is open to this machine is not. */
const fromElsewhere = { Via: '1.1 proxy' };
const send = (route: Route, token: string | null) =>
  app.request(route.method.toUpperCase(), pathOf(route), { token, headers: fromElsewhere });

test('every route has a row in the matrix, and needs what it says', () => {
  const guards = app.routes.map((route) => [
    nameOf(route),
    'permission' in route.access ? route.access.permission : 'public',
  ]);
  expect(Object.fromEntries(guards)).toEqual({
    ...permissionOf,
    ...Object.fromEntries(publicRoutes.map((name) => [name, 'public'])),
  });
});

test('a route that does not say who may call it fails at start', () => {
  const careless = {
    method: 'get',
    path: '/open',
    summary: '',
    tags: [],
    responses: {},
    handler: () => ({ status: 200 }),
  } as const;
  // @ts-expect-error the type asks for it as well
  expect(() => defineRoute(careless)).toThrow('GET /open does not say who may call it');
  // @ts-expect-error nothing but the two ways to say it will do
  expect(() => defineRoute({ ...careless, access: { everybody: true } })).toThrow('GET /open does not say');
});

test('without a token only the public routes answer', async () => {
  for (const route of app.routes) {
    const reply = await send(route, null);
    const isPublic = publicRoutes.includes(nameOf(route));
    if (isPublic) expect(reply.status, nameOf(route)).not.toBe(403);
    else
      expect([reply.status, reply.headers.get('www-authenticate')], nameOf(route)).toEqual([
        401,
        'Bearer realm="annals"',
      ]);
  }
});

describe.each(roleNames)('the role %s', (role) => {
  test('gets through to what it may, and nowhere else', async () => {
    const token = users.get(role)?.token ?? '';
    for (const route of app.routes) {
      const permission = permissionOf[nameOf(route)];
      if (permission === undefined || nameOf(route) === 'post /api/v1/auth/logout' || route.feed) continue;
      if (nameOf(route) === 'post /api/v1/projections/{name}/rebuild') continue; // below: it would begin one
      const before = await app.head();
      const reply = await send(route, token);
      const where = `${role} ${nameOf(route)}: ${reply.text.slice(0, 200)}`;
      if (roles[role].some((one) => one === permission)) expect(reply.status, where).not.toBe(403);
      else {
        expect(reply.status, where).toBe(403);
        expect(reply.body, where).toMatchObject({ code: 'permission_missing' });
        expect(await app.head(), where).toBe(before + 1);
      }
    }
  });

  test('follows what it may, and nothing else', async () => {
    const token = users.get(role)?.token ?? '';
    const status = async (path: string) => {
      const stop = new AbortController();
      const headers = { Authorization: `Bearer ${token}` };
      const answer = await fetch(`${app.url}${path}`, { headers, signal: stop.signal });
      stop.abort();
      return answer.status;
    };
    const seesLog = roles[role].includes('event:read');
    const seesAll = roles[role].includes('execution:read-all');
    const [execution] = Object.values(world);
    expect(await status('/api/v1/events/stream')).toBe(seesLog ? 200 : 403);
    // Somebody else's call is as if it did not exist.
    expect(await status(`/api/v1/executions/${execution}/stream`)).toBe(seesAll ? 200 : 404);
  });
});

test('a denial is an event that says who, what and why', async () => {
  const viewer = users.get('viewer');
  const headers = { 'X-Correlation-Id': 'the-denied-one' };
  await app.request('DELETE', '/api/v1/mcps/everything', { token: viewer?.token ?? '', headers });
  const { body } = await app.request('GET', '/api/v1/events?correlationId=the-denied-one', {
    headers: { 'X-Wait-For-Position': String(await app.head()) },
  });
  expect(body).toMatchObject({
    items: [
      {
        type: 'AccessDenied',
        data: { action: 'mcp:write', resource: 'DELETE /api/v1/mcps/everything' },
        metadata: { actor: `user:${viewer?.id}`, correlationId: 'the-denied-one' },
      },
    ],
  });
});

describe('starting a program needs a permission of its own (SEC1)', () => {
  const command = { type: 'stdio', command: 'node', args: ['server.js'] };

  test('by registering, importing and changing', async () => {
    const { token, id } = users.get('developer') ?? { token: '', id: '' };
    const http = { type: 'streamable-http', url: tools.url };
    const mine = await app.request('POST', '/api/v1/mcps', { token, body: { name: `of ${id}`, transport: http } });
    expect(mine.status).toBe(201);
    const path = mine.headers.get('location') ?? '';
    const attempts = [
      await app.request('POST', '/api/v1/mcps', { token, body: { name: 'program', transport: command } }),
      await app.request('PATCH', path, { token, body: { transport: command } }),
    ];
    for (const reply of attempts) expect(reply).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
    const imported = await app.request('POST', '/api/v1/mcps/import', { token, body: { mcpServers: { p: command } } });
    expect(imported.body).toMatchObject({ items: [{ status: 'failed', id: null }] });
  });

  test('by rolling back and restoring', async () => {
    const { token } = users.get('developer') ?? { token: '' };
    const made = await app.request('POST', '/api/v1/mcps', { body: { name: 'was a program', transport: command } });
    expect(made.status).toBe(201);
    const path = made.headers.get('location') ?? '';
    const patch = { transport: { type: 'streamable-http', url: tools.url } };
    expect((await app.request('PATCH', path, { body: patch })).status).toBe(200);
    expect((await app.request('POST', `${path}/rollback`, { token, body: { toVersion: 1 } })).status).toBe(403);
    expect((await app.request('POST', `${path}/rollback`, { body: { toVersion: 1 } })).status).toBe(200);
    expect((await app.request('DELETE', path)).status).toBe(200);
    expect((await app.request('POST', `${path}/restore`, { token })).status).toBe(403);
  });
});

describe('somebody else’s execution is as if it did not exist (SEC7)', () => {
  test.each([
    ['GET', ''],
    ['GET', '/stream'],
    ['POST', '/cancel'],
    ['POST', '/replay'],
  ])('%s …%s', async (method, rest) => {
    const [execution] = Object.values(world);
    const { token } = users.get('developer') ?? { token: '' };
    const theirs = await app.request(method, `/api/v1/executions/${execution}${rest}`, { token });
    const nobodys = await app.request(method, `/api/v1/executions/01936f2a-7c11-7000-8000-0000000000ff${rest}`, {
      token,
    });
    expect([theirs.status, nobodys.status]).toEqual([404, 404]);
    const told = ({ body }: { body: unknown }) => ({ ...(body as object), instance: '', correlationId: '' });
    expect(told(theirs)).toEqual(told(nobodys));
  });

  test('and stands in no list of theirs', async () => {
    const { token } = users.get('developer') ?? { token: '' };
    for (const query of ['', '?q=first', `?requestedBy=user:${Object.values(world)[1]}`]) {
      expect((await app.request('GET', `/api/v1/executions${query}`, { token })).body).toMatchObject({ items: [] });
    }
  });
});

describe('nobody makes himself more than he is (SEC10)', () => {
  test('by fields that a request does not have', async () => {
    const person = { username: 'mallory', email: 'mallory@example.org', password: 'password of mallory' };
    const reply = await app.request('POST', '/api/v1/auth/register', {
      token: null,
      body: { ...person, roles: ['admin'] },
    });
    expect(reply).toMatchObject({ status: 422, body: { errors: [{ pointer: '/roles' }] } });
  });

  test('by setting his own roles, even as an administrator', async () => {
    const admin = users.get('admin');
    const path = `/api/v1/users/${admin?.id}/roles`;
    const reply = await app.request('PUT', path, { token: admin?.token ?? '', body: { roles: ['admin', 'auditor'] } });
    expect(reply).toMatchObject({ status: 403, body: { code: 'own_roles' } });
  });

  test('and the last administrator stays', async () => {
    const me = (await app.request('GET', '/api/v1/auth/me')).body as { id: string };
    const second = users.get('admin');
    const demote = (id: string, token: string) =>
      app.request('PUT', `/api/v1/users/${id}/roles`, { token, body: { roles: [] } });
    expect((await demote(me.id, second?.token ?? '')).status).toBe(200);
    expect(await demote(second?.id ?? '', app.adminToken)).toMatchObject({ status: 403 });
    // Who has just lost the role cannot take it from the other one, and nobody else may.
    expect(
      (await app.request('GET', `/api/v1/users/${second?.id}`, { token: second?.token ?? '' })).body,
    ).toMatchObject({
      roles: ['admin'],
    });
  });
});
