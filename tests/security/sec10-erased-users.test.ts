import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createApiKey } from '../../src/commands/api-keys.ts';
import { beginErasure } from '../../src/commands/erase-user.ts';
import { giveOAuthGrant } from '../../src/commands/oauth.ts';
import { logIn } from '../../src/commands/sessions.ts';
import { registerUser } from '../../src/commands/users.ts';
import { pathsIn } from '../../src/app/paths.ts';
import { createPrincipals } from '../../src/http/auth/principals.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import { newCommand, openCommandSide } from '../commands/harness.ts';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { until } from '../http/support/until.ts';
import { logLines } from '../support/log-lines.ts';
import { makeApiKey } from './support/api-key.ts';
import { letIn, refresh } from './support/let-in.ts';

let directory: string;
let app: TestApp;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-erased-'));
  app = await startTestApp({ directory });
});

afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const erase = (id: string, token = app.adminToken) => app.request('DELETE', `/api/v1/users/${id}`, { token });
const statusOf = async (token: string) => (await app.request('GET', '/api/v1/mcps', { token })).status;
const me = async () => ((await app.request('GET', '/api/v1/auth/me')).body as { id: string }).id;

describe('an erased user', () => {
  test('comes in by nothing that he had: session, refresh token, API key, client', async () => {
    const user = await app.newUser(['developer']);
    const { key } = await makeApiKey(app, user.token, ['mcp:read']);
    const client = await letIn(app, user, { scope: 'mcp:read' });
    for (const token of [user.token, key, client.accessToken]) expect(await statusOf(token)).toBe(200);
    expect((await erase(user.id)).status).toBe(204);

    for (const token of [user.token, key, client.accessToken]) expect(await statusOf(token)).toBe(401);
    const { refreshToken } = user;
    const refreshed = await app.request('POST', '/api/v1/auth/refresh', { token: null, body: { refreshToken } });
    expect(refreshed).toMatchObject({ status: 401, body: { code: 'invalid_refresh_token' } });
    expect(await refresh(app, client)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const events = await app.request('GET', '/api/v1/events?type=SessionEnded');
    expect(events.text).toContain('user_erased');
  });

  test('comes in by nothing from the first step on, also by what no step has ended', async () => {
    const { deps, elsewhere } = await openCommandSide();
    const coordination = createMemoryCoordination({ logger: logLines() });
    onTestFinished(() => coordination.close());
    const { channels } = coordination;
    const principals = await createPrincipals(elsewhere(), { channels, accessTokenTtlMs: 900_000, logger: logLines() });
    onTestFinished(() => principals.close());
    const [ada, grant] = [newCommand(), newCommand()];
    const userId = ada.commandId;
    await registerUser(deps, ada, { username: 'ada', email: 'ada@example.org', password: 'correct horse' });
    const { sessionId } = await logIn(deps, newCommand(), 'ada', 'correct horse');
    const byAda = newCommand({ principal: { ...ada.principal, userId, actor: `user:${userId}` } });
    const content = { name: 'of ada', scopes: ['mcp:read'], expiresAt: null, addresses: [] };
    const key = await createApiKey(deps, byAda, content);
    const given = { userId, clientId: 'client', resources: {}, rejected: {}, expiresAt: '2099-01-01T00:00:00.000Z' };
    await giveOAuthGrant(deps, newCommand(), grant.commandId, given);
    const all = async () => [
      await principals.of(sessionId, userId),
      await principals.ofKey(key.id),
      await principals.ofGrant(grant.commandId, userId),
    ];
    for (const principal of await all()) expect(principal).toBeDefined();

    await principals.caughtUp(await beginErasure(deps, newCommand(), userId));
    expect(await all()).toEqual([undefined, undefined, undefined]);
  });

  test('is told of by nothing that is kept, as soon as he is erased', async () => {
    const name = 'very.distinctive.name';
    const body = { username: name, email: `${name}@example.org`, password: 'correct horse battery staple' };
    const headers = { 'Idempotency-Key': 'distinctive' };
    const reply = await app.request('POST', '/api/v1/auth/register', { token: null, headers, body });
    const { id } = reply.body as { id: string };
    const inLog = async () => {
      const { events } = pathsIn(directory);
      const files = await Promise.all([events, `${events}-wal`].map((file) => readFile(file).catch(() => '')));
      return files.some((bytes) => bytes.includes(name));
    };
    expect(await inLog()).toBe(false);
    expect((await app.request('GET', `/api/v1/streams/user-${id}/events`)).text).toContain(name);
    const { headers: answered } = await erase(id);

    const wait = { 'X-Wait-For-Position': answered.get('x-event-position') ?? '' };
    const events = await app.request('GET', `/api/v1/streams/user-${id}/events`, { headers: wait });
    expect(events.text).not.toContain(name);
    expect(events.text).toContain('[erased]');
    expect((await app.request('POST', '/api/v1/auth/register', { token: null, headers, body })).status).toBe(410);
  });
});

describe('erasing is refused', () => {
  const refused = (status: number, code: string) => ({ status, body: { code } });

  test('to who asks for himself, and where nobody else is an administrator', async () => {
    expect(await erase(await me())).toMatchObject(refused(403, 'own_account'));
    const { permissions } = (await app.request('GET', '/api/v1/auth/me')).body as { permissions: string[] };
    const body = { name: 'everything', permissions };
    expect((await app.request('POST', '/api/v1/roles', { body })).status).toBe(201);
    const other = await app.newUser(['everything']);
    expect(await erase(await me(), other.token)).toMatchObject(refused(409, 'last_admin'));
  });

  test('to who may not do all that the user may', async () => {
    const body = { name: 'people', permissions: ['user:manage', 'user:read'] };
    expect((await app.request('POST', '/api/v1/roles', { body })).status).toBe(201);
    const [manager, viewer] = [await app.newUser(['people']), await app.newUser(['viewer'])];
    const user = await app.newUser(['developer']);
    expect(await erase(user.id, manager.token)).toMatchObject(refused(403, 'permissions_exceeded'));
    expect(await erase(user.id, viewer.token)).toMatchObject(refused(403, 'permission_missing'));
    expect(await statusOf(user.token)).toBe(200);
  });

  test('to one of two administrators who erase each other at the same time', async () => {
    const [one, two]: User[] = [await app.newUser(['admin']), await app.newUser(['admin'])];
    const first = await me();
    if (!one || !two) throw new Error('there are two');
    expect((await erase(first, one.token)).status).toBe(204);
    const replies = await Promise.all([erase(one.id, two.token), erase(two.id, one.token)]);
    expect(replies.filter(({ status }) => status === 204)).toHaveLength(1);
    const [left] = replies[0].status === 204 ? [two] : [one];
    await until(async () => {
      const { body } = await app.request('GET', '/api/v1/users?role=admin', { token: left.token });
      return (body as { items: { id: string }[] }).items.map(({ id }) => id).join() === left.id;
    }, 'one administrator is left');
  });
});
