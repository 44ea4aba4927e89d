import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleNames, roles, type RoleName } from '../../src/domain/access/roles.ts';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';

let app: TestApp;
const users = new Map<RoleName, User>();

beforeAll(async () => {
  app = await startTestApp();
  for (const role of roleNames) users.set(role, await app.newUser([role]));
});

afterAll(async () => {
  await app.close();
});

/** A user with a role of these permissions. */
async function userWith(name: string, permissions: readonly string[]): Promise<User> {
  const role = await app.request('POST', '/api/v1/roles', { body: { name, permissions } });
  if (role.status !== 201) throw new Error(role.text);
  return app.newUser([name]);
}

const setRoles = (id: string, given: readonly string[], token: string) =>
  app.request('PUT', `/api/v1/users/${id}/roles`, { token, body: { roles: given } });

describe('nobody gives what he does not hold (SEC10)', () => {
  let manager: User;
  const held = ['user:manage', 'user:read', 'role:manage', 'role:read', 'self:manage', 'mcp:git*:call:create_*'];
  const exceeded = { status: 403, body: { code: 'permissions_exceeded' } };

  beforeAll(async () => {
    manager = await userWith('manager', held);
  });

  test('by giving a role', async () => {
    const { id } = await app.newUser([]);
    for (const role of roleNames) expect(await setRoles(id, [role], manager.token), role).toMatchObject(exceeded);
    expect((await app.request('GET', `/api/v1/users/${id}`)).body).toMatchObject({ roles: [] });
    const lesser = { name: 'lesser', permissions: ['mcp:github:call:create_issue', 'self:manage'] };
    expect((await app.request('POST', '/api/v1/roles', { body: lesser })).status).toBe(201);
    expect((await setRoles(id, ['lesser'], manager.token)).status).toBe(200);
  });

  test('by taking one from somebody who may more', async () => {
    expect(await setRoles(users.get('auditor')?.id ?? '', [], manager.token)).toMatchObject(exceeded);
  });

  test('by giving somebody who may more a new password, to log in as him', async () => {
    const path = `/api/v1/users/${users.get('admin')?.id}/password`;
    const body = { password: 'known to the manager' };
    expect(await app.request('POST', path, { token: manager.token, body })).toMatchObject(exceeded);
    const login = { username: users.get('admin')?.username, password: body.password };
    expect((await app.request('POST', '/api/v1/auth/login', { token: null, body: login })).status).toBe(401);
  });

  test.each([['audit:export'], ['mcp:call'], ['mcp:*:call:create_*'], ['mcp:github:call'], ['mcp:gi*:call:create_*']])(
    'by defining a role with %s, or changing his own into it',
    async (permission) => {
      const name = 'more';
      const body = { name, permissions: [permission] };
      expect(await app.request('POST', '/api/v1/roles', { token: manager.token, body })).toMatchObject(exceeded);
      const changed = { permissions: [...held, permission] };
      expect(await app.request('PUT', '/api/v1/roles/manager', { token: manager.token, body: changed })).toMatchObject(
        exceeded,
      );
    },
  );

  test('by a key', async () => {
    for (const scope of ['audit:export', 'mcp:call', 'mcp:*:read']) {
      const body = { name: 'more', scopes: [scope] };
      expect(await app.request('POST', '/api/v1/api-keys', { token: manager.token, body }), scope).toMatchObject(
        exceeded,
      );
    }
  });

  test('and each attempt is in the record', async () => {
    const headers = { 'X-Wait-For-Position': String(await app.head()) };
    const path = `/api/v1/audit?outcome=denied&actor=user:${manager.id}&limit=200`;
    const { items } = (await app.request('GET', path, { headers })).body as { items: readonly { reason: string }[] };
    const attempts = items.filter(({ reason }) => reason.includes('beyond'));
    expect(attempts.length).toBe(5 + 1 + 1 + 10 + 3);
  });
});

describe('roles that are defined here (SEC10)', () => {
  const body = {
    name: 'reporter',
    description: 'Files issues',
    permissions: ['mcp:GitHub:call:create_*', 'mcp:github:read'],
  };

  test('count from the next request on, change likewise, and go when nobody has them', async () => {
    const made = await app.request('POST', '/api/v1/roles', { body });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe('/api/v1/roles/reporter');
    expect(made.body).toEqual({
      ...body,
      permissions: ['mcp:github:call:create_*', 'mcp:github:read'],
      builtIn: false,
    });
    const user = await app.newUser(['reporter']);
    const status = async (path: string) => (await app.request('GET', path, { token: user.token })).status;
    expect(await status('/api/v1/mcps')).toBe(200);
    expect(await status('/api/v1/system')).toBe(403);
    const permissions = ['system:read'];
    const changed = await app.request('PUT', '/api/v1/roles/reporter', { body: { permissions } });
    expect(changed).toMatchObject({ status: 200, body: { permissions } });
    expect(await status('/api/v1/mcps')).toBe(403);
    expect(await status('/api/v1/system')).toBe(200);

    expect(await app.request('DELETE', '/api/v1/roles/reporter')).toMatchObject({
      status: 409,
      body: { code: 'role_in_use' },
    });
    expect((await setRoles(user.id, [], app.adminToken)).status).toBe(200);
    expect((await app.request('DELETE', '/api/v1/roles/reporter')).status).toBe(204);
    expect((await app.request('GET', '/api/v1/roles/reporter')).status).toBe(404);
    expect(await setRoles(user.id, ['reporter'], app.adminToken)).toMatchObject({
      status: 422,
      body: { code: 'unknown_role', errors: [{ pointer: '/roles/0' }] },
    });
  });

  test('are told as they were at any time', async () => {
    const before = await app.head();
    await app.request('POST', '/api/v1/roles', { body: { name: 'later', permissions: ['mcp:read'] } });
    const then = await app.head();
    await app.request('PUT', '/api/v1/roles/later', { body: { permissions: [] } });
    const at = async (position: number) => app.request('GET', `/api/v1/roles/later?asOf=${position}`);
    expect((await at(before)).status).toBe(404);
    expect((await at(then)).body).toMatchObject({ permissions: ['mcp:read'] });
    expect((await app.request('GET', '/api/v1/roles/later')).body).toMatchObject({ permissions: [] });
  });

  test('have revisions of their own, which If-Match is about', async () => {
    for (const name of ['first', 'second'])
      await app.request('POST', '/api/v1/roles', { body: { name, permissions: [] } });
    const change = (description: string, tag: string) =>
      app.request('PUT', '/api/v1/roles/first', {
        body: { description, permissions: [] },
        headers: { 'If-Match': tag },
      });
    expect((await change('one', '"0"')).headers.get('etag')).toBe('"1"');
    expect((await change('two', '"0"')).status).toBe(412);
    expect((await change('two', '"1"')).status).toBe(200);
  });

  test('never take the name of another, nor change a built-in one', async () => {
    for (const name of roleNames) {
      const permissions = [...roles.viewer];
      expect((await app.request('POST', '/api/v1/roles', { body: { name, permissions } })).status).toBe(409);
      for (const method of ['PUT', 'DELETE']) {
        const options = method === 'PUT' ? { body: { permissions } } : {};
        expect(await app.request(method, `/api/v1/roles/${name}`, options)).toMatchObject({
          status: 409,
          body: { code: 'role_built_in' },
        });
      }
    }
  });

  test.each([
    ['mcp:reed', 'is not a permission'],
    ['mcp::read', 'must name an mcp'],
    ['mcp:a/b:read', 'must name an mcp by letters'],
    ['mcp:github:delete', 'must say what may be done'],
    ['mcp:github:read:x', 'must end after the way'],
    ['mcp:github:call:', 'must name a tool'],
    ['mcp:git**:read', 'must not have "**"'],
    [`mcp:${'x'.repeat(101)}:read`, 'in 100 characters at most'],
  ])('say what is wrong with the permission %s', async (permission, words) => {
    const wrong = { name: 'wrong', permissions: ['mcp:read', permission] };
    const reply = await app.request('POST', '/api/v1/roles', { body: wrong });
    expect(reply).toMatchObject({
      status: 422,
      body: { code: 'invalid_permission', errors: [{ pointer: '/permissions/1' }] },
    });
    expect(reply.text).toContain(JSON.stringify(words).slice(1, -1));
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
