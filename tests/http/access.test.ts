import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleNames, type RoleName } from '../../src/domain/access/roles.ts';
import { defineRoute } from '../../src/http/route/define-route.ts';
import { startTestApp, type TestApp, type User } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { makeWorld } from './support/world.ts';

let app: TestApp;
let tools: ToolServer;
const users = new Map<RoleName, User>();

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  await makeWorld(app, tools.url);
  for (const role of roleNames) users.set(role, await app.newUser([role]));
});

afterAll(async () => {
  await app.close();
  await tools.close();
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
