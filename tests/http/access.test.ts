import { afterAll, beforeAll, expect, test } from 'vitest';
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
