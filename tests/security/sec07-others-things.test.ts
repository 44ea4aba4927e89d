import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleNames, type RoleName } from '../../src/domain/access/roles.ts';
import { startTestApp, type Reply, type TestApp, type User } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { makeWorld, type World } from '../http/support/world.ts';
import { makeApiKey } from './support/api-key.ts';
import { subscribe } from './support/subscribe.ts';

const nobodys = '01936f2a-7c11-7000-8000-0000000000ff';

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
  tools.release();
  await app.close();
  await tools.close();
});

/** What an answer tells, apart from what names the request itself. */
const told = ({ status, body }: Reply) => ({ status, ...(body as object), instance: '', correlationId: '' });

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

describe('somebody else’s API key is as if it did not exist', () => {
  test.each(['GET', 'DELETE'])('%s', async (method) => {
    const { id, key } = await makeApiKey(app, app.adminToken, ['self:manage']);
    const { token } = users.get('operator') ?? { token: '' };
    const theirs = await app.request(method, `/api/v1/api-keys/${id}`, { token });
    expect(told(theirs)).toEqual(told(await app.request(method, `/api/v1/api-keys/${nobodys}`, { token })));
    expect(theirs.status).toBe(404);
    expect((await app.request('GET', '/api/v1/auth/me', { token: key })).status).toBe(200);
  });

  test('and stands in no list of theirs', async () => {
    const { id } = await makeApiKey(app, app.adminToken, ['mcp:read']);
    const { token } = users.get('operator') ?? { token: '' };
    expect((await app.request('GET', '/api/v1/api-keys', { token })).body).toMatchObject({ items: [] });
    const all = (await app.request('GET', '/api/v1/api-keys')).body as { items: readonly { id: string }[] };
    expect(all.items.map((one) => one.id)).toContain(id);
  });
});

describe('an mcp that one may not read is as if it did not exist', () => {
  let hidden: string;
  let reader: User;

  beforeAll(async () => {
    const register = async (name: string) => {
      const transport = { type: 'streamable-http', url: tools.url };
      const reply = await app.request('POST', '/api/v1/mcps', { body: { name, transport } });
      expect(reply.status).toBe(201);
      return (reply.body as { id: string }).id;
    };
    hidden = await register('payroll');
    await register('github');
    await register('github enterprise');
    const permissions = ['mcp:git*:read', 'mcp:github:call:ec*', 'mcp:github:write', 'execution:read', 'self:manage'];
    const role = await app.request('POST', '/api/v1/roles', { body: { name: 'github-reader', permissions } });
    expect(role.status).toBe(201);
    reader = await app.newUser(['github-reader']);
  });

  const routes: readonly { readonly method: string; readonly path: string; readonly body?: object }[] = [
    { method: 'GET', path: '/mcps/{}' },
    { method: 'GET', path: '/mcps/{}?asOf=1' },
    { method: 'GET', path: '/mcps/{}/versions' },
    { method: 'GET', path: '/mcps/{}/versions/1' },
    { method: 'GET', path: '/mcps/{}/versions/1/diff' },
    { method: 'GET', path: '/mcps/{}/tools' },
    { method: 'GET', path: '/mcps/{}/prompts' },
    { method: 'GET', path: '/mcps/{}/resources' },
    { method: 'PATCH', path: '/mcps/{}', body: { description: 'mine' } },
    { method: 'DELETE', path: '/mcps/{}' },
    { method: 'POST', path: '/mcps/{}/restore' },
    { method: 'POST', path: '/mcps/{}/rollback', body: { toVersion: 1 } },
    { method: 'POST', path: '/mcps/{}/discover' },
  ];

  test.each(routes)('$method $path', async ({ method, path, body }) => {
    const ask = (id: string) =>
      app.request(method, `/api/v1${path.replace('{}', id)}`, { token: reader.token, ...(body ? { body } : {}) });
    for (const [there, not] of [
      [hidden, nobodys],
      ['payroll', 'no-such-mcp'],
    ] as const) {
      const reply = await ask(there);
      expect(reply.status, reply.text).toBe(404);
      expect(told(reply)).toEqual(told(await ask(not)));
    }
  });

  test('neither called', async () => {
    const call = (mcpId: string, tool = 'echo') =>
      app.request('POST', '/api/v1/executions', {
        token: reader.token,
        body: { mcpId, tool, arguments: { message: 'x' } },
      });
    expect(told(await call('payroll'))).toEqual(told(await call('no-such-mcp')));
    expect(told(await call(hidden))).toEqual(told(await call(nobodys)));
    // What it may read and not call is told so, by the very tool.
    expect((await call('github')).status).toBe(200);
    expect(await call('github', 'add')).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
    expect(await call('github enterprise')).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
  });

  test('nor followed', async () => {
    expect(await subscribe(app, reader.token, 'mcps/github', 'one')).toBeUndefined();
    expect(await subscribe(app, reader.token, 'mcps/payroll', 'other')).toBe('mcp_not_found');
    expect(await subscribe(app, reader.token, `mcps/${hidden}`, 'third')).toBe('mcp_not_found');
    expect(await subscribe(app, reader.token, 'mcps/no-such-mcp', 'nobodys')).toBe('mcp_not_found');
  });

  test('and stands in no list', async () => {
    for (const query of ['', '?name=payroll', '?sort=name&limit=1', '?status=active', `?asOf=${await app.head()}`]) {
      const names: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const path: string = `/api/v1/mcps${query}`;
        const next: string = cursor === '' ? path : `${path}${query === '' ? '?' : '&'}cursor=${cursor}`;
        const page = (await app.request('GET', next, { token: reader.token })).body as {
          items: readonly { name: string }[];
          nextCursor: string | null;
        };
        names.push(...page.items.map(({ name }) => name));
        cursor = page.nextCursor;
      }
      expect(names.sort(), query).toEqual(query === '?name=payroll' ? [] : ['github', 'github enterprise']);
    }
    const exported = await app.request('GET', '/api/v1/mcps/export', { token: reader.token });
    expect(Object.keys((exported.body as { mcpServers: object }).mcpServers).sort()).toEqual([
      'github',
      'github enterprise',
    ]);
  });

  test('a name beyond the permission can be given to none, by changing or by registering', async () => {
    const transport = { type: 'streamable-http', url: tools.url };
    const renamed = await app.request('PATCH', '/api/v1/mcps/github', {
      token: reader.token,
      body: { name: 'payrolls' },
    });
    expect(renamed).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
    const made = await app.request('POST', '/api/v1/mcps', { token: reader.token, body: { name: 'other', transport } });
    expect(made).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
    const imported = await app.request('POST', '/api/v1/mcps/import', {
      token: reader.token,
      body: { mcpServers: { other: { type: 'http', url: tools.url } } },
    });
    expect(imported.body).toMatchObject({ items: [{ status: 'failed', id: null }] });
  });
});

test('who may have mcps of his own reads, changes and calls those, and no others', async () => {
  const permissions = ['mcp:own', 'execution:read', 'self:manage'];
  await app.request('POST', '/api/v1/roles', { body: { name: 'tinkerer', permissions } });
  const [one, other] = [await app.newUser(['tinkerer']), await app.newUser(['tinkerer'])];
  const transport = { type: 'streamable-http', url: tools.url };
  const body = { name: 'workbench', transport };
  expect((await app.request('POST', '/api/v1/mcps', { token: one.token, body })).status).toBe(201);
  const patch = { body: { description: 'changed' } };
  const call = { body: { mcpId: 'workbench', tool: 'echo', arguments: { message: 'x' } } };
  for (const [token, status] of [
    [one.token, 200],
    [other.token, 404],
  ] as const) {
    expect((await app.request('GET', '/api/v1/mcps/workbench', { token })).status).toBe(status);
    expect((await app.request('PATCH', '/api/v1/mcps/workbench', { token, ...patch })).status).toBe(status);
    expect((await app.request('POST', '/api/v1/executions', { token, ...call })).status).toBe(status);
  }
  const listed = async (token: string) =>
    ((await app.request('GET', '/api/v1/mcps', { token })).body as { items: object[] }).items.length;
  expect([await listed(one.token), await listed(other.token)]).toEqual([1, 0]);
  // Starting a program is no part of it.
  const program = { transport: { type: 'stdio', command: 'node' } };
  expect((await app.request('PATCH', '/api/v1/mcps/workbench', { token: one.token, body: program })).status).toBe(403);
});
