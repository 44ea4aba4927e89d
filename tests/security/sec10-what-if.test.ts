import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';

interface Difference {
  readonly position: number;
  readonly actor: string;
  readonly mcp: string | null;
  readonly tool: string | null;
  readonly then: { readonly allowed: boolean; readonly reason: string | null };
  readonly would: { readonly allowed: boolean; readonly reason: string | null; readonly rule: string | null };
}

interface Preview {
  readonly items: readonly Difference[];
  readonly totals: Readonly<Record<'calls' | 'allowed' | 'denied' | 'undecided' | 'differences', number>>;
  readonly progress: { readonly complete: boolean; readonly stopped: string | null };
  readonly nextCursor: string | null;
}

let app: TestApp;
let tools: ToolServer;

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  for (const name of ['tools', 'other']) {
    expect((await app.request('POST', '/api/v1/mcps', { body: { name, transport } })).status).toBe(201);
  }
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

const ask = (body: object, token = app.adminToken) => app.request('POST', '/api/v1/policies/preview', { token, body });

async function preview(change: object, range: object = {}): Promise<Preview> {
  const reply = await ask({ change, ...range });
  expect(reply.status, reply.text).toBe(200);
  return reply.body as Preview;
}

async function call({ token }: Pick<User, 'token'>, mcpId = 'tools', tool = 'echo'): Promise<boolean> {
  const reply = await app.request('POST', '/api/v1/executions', {
    token,
    body: { mcpId, tool, arguments: tool === 'echo' ? { message: 'hello' } : {} },
  });
  expect([200, 403, 404]).toContain(reply.status);
  return reply.status === 200;
}

async function define(name: string, permissions: readonly string[]): Promise<void> {
  const reply = await app.request('POST', '/api/v1/roles', { body: { name, permissions } });
  expect(reply.status, reply.text).toBe(201);
}

const setRoles = async ({ id }: User, roles: readonly string[]) =>
  expect((await app.request('PUT', `/api/v1/users/${id}/roles`, { body: { roles } })).status).toBe(200);

describe('a changed role', () => {
  test('shows who would have been let through, and who would not', async () => {
    await define('one', ['mcp:read', 'mcp:tools:call:echo']);
    const user = await app.newUser(['one']);
    expect(await call(user)).toBe(true);
    expect(await call(user, 'tools', 'fail')).toBe(false);
    const actor = `user:${user.id}`;
    const found = await preview(
      { roles: [{ name: 'one', permissions: ['mcp:read', 'mcp:tools:call:fail'] }] },
      { actor },
    );
    expect(found.items).toMatchObject([
      {
        actor,
        mcp: 'tools',
        tool: 'echo',
        then: { allowed: true },
        would: { allowed: false, reason: 'permission_missing' },
      },
      {
        actor,
        mcp: 'tools',
        tool: 'fail',
        then: { allowed: false, reason: 'permission_missing' },
        would: { allowed: true },
      },
    ]);
    expect(found).toMatchObject({
      totals: { calls: 2, allowed: 1, denied: 1, undecided: 0, differences: 2 },
      progress: { complete: true, stopped: null },
      nextCursor: null,
    });
  });

  test('is tried on roles as they were at the time of each call', async () => {
    await define('passing', ['mcp:read', 'mcp:call']);
    const user = await app.newUser(['passing']);
    expect(await call(user)).toBe(true);
    await setRoles(user, []);
    expect(await call(user)).toBe(false);
    const body = { description: '', permissions: ['mcp:read'] };
    expect((await app.request('PUT', '/api/v1/roles/passing', { body })).status).toBe(200);
    const actor = `user:${user.id}`;
    expect((await preview({}, { actor })).totals).toMatchObject({ calls: 2, undecided: 0, differences: 0 });
    // Only while he had the role: the second call would be refused as before.
    const found = await preview({ roles: [{ name: 'passing', permissions: [] }] }, { actor });
    expect(found.items).toMatchObject([{ then: { allowed: true }, would: { allowed: false } }]);
  });

  test('counts for built-in roles, and for roles that are given and taken', async () => {
    const user = await app.newUser(['viewer']);
    expect(await call(user)).toBe(false);
    const actor = `user:${user.id}`;
    const allowed = [{ then: { allowed: false }, would: { allowed: true } }];
    expect((await preview({ roles: [{ name: 'viewer', permissions: ['mcp:call'] }] }, { actor })).items).toMatchObject(
      allowed,
    );
    const members = [{ userId: user.id, give: ['developer'], take: ['viewer'] }];
    expect((await preview({ members }, { actor })).items).toMatchObject(allowed);
    const created = [{ name: 'to-come', permissions: ['mcp:call'] }];
    expect(
      (await preview({ roles: created, members: [{ userId: user.id, give: ['to-come'] }] }, { actor })).items,
    ).toMatchObject(allowed);
  });

  test('leaves the scopes of API keys in force', async () => {
    const user = await app.newUser(['developer']);
    const key = await app.request('POST', '/api/v1/api-keys', {
      token: user.token,
      body: { name: 'echoes', scopes: ['mcp:read', 'mcp:tools:call:echo'] },
    });
    const token = (key.body as { key: string }).key;
    expect(await call({ token })).toBe(true);
    expect(await call({ token }, 'other')).toBe(false);
    const actor = `user:${user.id}`;
    expect(
      (await preview({ roles: [{ name: 'developer', permissions: ['mcp:call'] }] }, { actor })).totals,
    ).toMatchObject({
      calls: 2,
      undecided: 0,
      differences: 0,
    });
    expect((await preview({ roles: [{ name: 'developer', permissions: [] }] }, { actor })).items).toMatchObject([
      { then: { allowed: true }, would: { allowed: false, reason: 'permission_missing' } },
    ]);
  });

  test('is told in pages, each difference once', async () => {
    const user = await app.newUser(['developer']);
    for (let n = 0; n < 5; n++) await call(user);
    const actor = `user:${user.id}`;
    const change = { roles: [{ name: 'developer', permissions: [] }] };
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const page: Preview = await preview(change, { actor, limit: 2, ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ position }) => position));
      cursor = page.nextCursor;
      expect(page.progress).toMatchObject({ complete: cursor === null, stopped: cursor === null ? null : 'limit' });
    } while (cursor !== null);
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });
});

describe('a changed rate limit', () => {
  test('shows which calls would have found no room', async () => {
    const user = await app.newUser(['developer']);
    for (let n = 0; n < 4; n++) await call(user);
    const actor = `user:${user.id}`;
    const add = { name: 'tight', classes: ['call'], limit: 3, windowMs: 3_600_000, principals: [actor] };
    const found = await preview({ limits: [{ add }] }, { actor });
    expect(found.items).toMatchObject([
      { then: { allowed: true }, would: { allowed: false, reason: 'rate_limited', rule: 'tight' } },
    ]);
    expect(found.totals).toMatchObject({ calls: 4, undecided: 0, differences: 1 });
    const tools = { ...add, tools: ['tools:echo'], per: ['tool'], limit: 2 };
    expect((await preview({ limits: [{ add: tools }] }, { actor })).items).toHaveLength(2);
    expect((await preview({ limits: [{ change: 'calls', to: { limit: 300_001 } }] }, { actor })).items).toEqual([]);
  });

  test('counts in the range what came before it, within the window', async () => {
    const user = await app.newUser(['developer']);
    const actor = `user:${user.id}`;
    await call(user);
    await call(user);
    const add = { name: 'tight', classes: ['call'], limit: 1, windowMs: 3_600_000, principals: [actor] };
    const [last] = (await preview({ limits: [{ add }] }, { actor })).items;
    const events = await app.request('GET', `/api/v1/events?after=${(last?.position ?? 0) - 1}&limit=1`);
    const { metadata } = (events.body as { items: { metadata: { occurredAt: string } }[] }).items[0] ?? {};
    const from = metadata?.occurredAt;
    const found = await preview({ limits: [{ add }] }, { actor, from });
    expect(found.items.map(({ position }) => position)).toContain(last?.position);
  });
});

test('without a change nothing comes out differently, and all of the record is explained', async () => {
  for (const change of [{}, { limits: [{ change: 'calls', to: {} }] }]) {
    const found = await preview(change);
    expect(found.totals).toMatchObject({ differences: 0, undecided: 0 });
    expect(found.totals.calls).toBeGreaterThan(10);
  }
});

test('what a preview says is what is decided when the change is made and the calls are repeated', async () => {
  const grants = ['mcp:read', 'mcp:call', 'mcp:tools:call', 'mcp:other:call:echo', 'mcp:*:call:fail', 'mcp:t*:call:e*'];
  const calls = ['tools', 'other'].flatMap((mcp) => ['echo', 'fail'].map((tool) => [mcp, tool] as const));
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(fc.subarray(grants), fc.subarray(grants), async (before, after) => {
      const name = `turn-${++turn}`;
      // Without any, he would be refused before it is known which tool he wants.
      const some = ['mcp:none:call'];
      await define(name, [...some, ...before]);
      const user = await app.newUser([name]);
      const actor = `user:${user.id}`;
      const then: boolean[] = [];
      for (const [mcp, tool] of calls) then.push(await call(user, mcp, tool));
      const found = await preview({ roles: [{ name, permissions: [...some, ...after] }] }, { actor });
      expect(found.totals).toMatchObject({ calls: calls.length, undecided: 0 });
      const body = { description: '', permissions: [...some, ...after] };
      expect((await app.request('PUT', `/api/v1/roles/${name}`, { body })).status).toBe(200);
      const now: boolean[] = [];
      for (const [mcp, tool] of calls) now.push(await call(user, mcp, tool));
      const expected = then.filter((allowed, n) => allowed !== now[n]).map((allowed) => [allowed, !allowed]);
      expect(found.items.map(({ then: past, would }) => [past.allowed, would.allowed])).toEqual(expected);
    }),
    { numRuns: 12 },
  );
});

describe('who asks', () => {
  test('needs to be allowed to make the change, and to read the record', async () => {
    const roles = { change: { roles: [{ name: 'viewer', permissions: [] }] } };
    const limits = { change: { limits: [{ remove: 'calls' }] } };
    const [operator, auditor, developer] = [
      await app.newUser(['operator']),
      await app.newUser(['auditor']),
      await app.newUser(['developer']),
    ];
    const missing = { status: 403, body: { code: 'permission_missing' } };
    expect(await ask(roles, operator.token)).toMatchObject(missing);
    expect(await ask(limits, auditor.token)).toMatchObject(missing);
    expect(await ask(roles, developer.token)).toMatchObject(missing);
    expect((await ask({ change: { limits: [{ change: 'calls', to: { limit: 5 } }] } }, operator.token)).status).toBe(
      200,
    );
  });

  test('is told nothing of mcps that he may not read', async () => {
    await define('half-seeing', ['mcp:tools:read', 'audit:read', 'role:manage']);
    const reader = await app.newUser(['half-seeing']);
    const user = await app.newUser(['developer']);
    await call(user, 'tools');
    await call(user, 'other');
    const reply = await ask(
      { change: { roles: [{ name: 'developer', permissions: [] }] }, actor: `user:${user.id}` },
      reader.token,
    );
    const { items, totals } = reply.body as Preview;
    expect(items.map(({ mcp }) => mcp)).toEqual(['tools']);
    expect(totals.calls).toBe(1);
    expect(reply.text).not.toContain('other');
  });

  test('is in the record with what was asked', async () => {
    const change = { roles: [{ name: 'operator', permissions: ['mcp:read'] }] };
    await preview(change);
    const { body } = await app.request('GET', '/api/v1/events?type=AuditRead&limit=200');
    const read = (body as { items: { data: { what: string; filter: { change?: string } } }[] }).items;
    expect(read.map(({ data }) => data)).toContainEqual({
      what: 'preview',
      filter: { change: JSON.stringify({ ...change, members: [], limits: [] }) },
    });
  });

  test.each([
    ['a permission', { roles: [{ name: 'viewer', permissions: ['mcp:fly'] }] }, '/change/roles/0/permissions/0'],
    ['a role to remove', { roles: [{ name: 'nobody', permissions: null }] }, '/change/roles/0/name'],
    ['a user', { members: [{ userId: '01936f2a-7c11-7000-8000-0000000000ff' }] }, '/change/members/0/userId'],
    ['a rule', { limits: [{ remove: 'nothing' }] }, '/change/limits/0/remove'],
    [
      'something that is counted and recorded',
      { limits: [{ add: { name: 'r', classes: ['read'], limit: 1, windowMs: 1000 } }] },
      '/change/limits/0/add/classes',
    ],
    [
      'a rule of another name',
      { limits: [{ add: { name: 'calls', classes: ['call'], limit: 1, windowMs: 1000 } }] },
      '/change/limits/0/add/name',
    ],
  ])('is told which field is not %s', async (_what, change, pointer) => {
    const reply = await ask({ change });
    expect(reply.status).toBe(422);
    expect((reply.body as { errors: { pointer: string }[] }).errors.map((fault) => fault.pointer)).toEqual([pointer]);
  });
});
