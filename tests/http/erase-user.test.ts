import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { pathsIn } from '../../src/app/paths.ts';
import { caughtUp, rebuiltRows, rowsIn } from '../integration/support/read-models.ts';
import { startTestApp, type TestApp, type User } from './support/app.ts';

let directory: string;
let app: TestApp;

const open = async () => startTestApp({ directory, http: {} });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-erase-'));
  app = await open();
});

afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const at = ({ id }: Pick<User, 'id'>) => `/api/v1/users/${id}`;
const erase = (user: Pick<User, 'id'>, headers: Readonly<Record<string, string>> = {}, token = app.adminToken) =>
  app.request('DELETE', at(user), { headers, token });
const logIn = ({ username, password }: Pick<User, 'username' | 'password'>) =>
  app.request('POST', '/api/v1/auth/login', { token: null, body: { username, password } });
const register = (user: Pick<User, 'username'>, headers: Readonly<Record<string, string>> = {}) => {
  const body = { username: user.username, email: `${user.username}@example.org`, password: 'of somebody else' };
  return app.request('POST', '/api/v1/auth/register', { token: null, headers, body });
};
const named = async ({ username }: Pick<User, 'username'>) => {
  const headers = { 'X-Wait-For-Position': String(await app.head()) };
  const { body } = await app.request('GET', `/api/v1/users?username=${username}`, { headers });
  return (body as { items: { id: string; roles: string[] }[] }).items;
};

test('a user who is erased is not there, and others may take the names', async () => {
  const user = await app.newUser(['developer']);
  const reply = await erase(user);
  expect([reply.status, reply.text]).toEqual([204, '']);
  const headers = { 'X-Wait-For-Position': reply.headers.get('x-event-position') ?? '' };
  expect(await app.request('GET', at(user), { headers })).toMatchObject({
    status: 404,
    body: { code: 'user_not_found' },
  });
  expect(await named(user)).toEqual([]);
  expect(await erase(user)).toMatchObject({ status: 404, body: { code: 'user_not_found' } });
  expect(await logIn(user)).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });

  const next = await register(user);
  expect(next.status, next.text).toBe(201);
  expect(await named(user)).toMatchObject([{ id: (next.body as { id: string }).id }]);
});

test('what the log and the past tell of an erased user does not say who it was', async () => {
  const user = await app.newUser(['developer']);
  const before = await app.head();
  const reply = await erase(user);
  const headers = { 'X-Wait-For-Position': reply.headers.get('x-event-position') ?? '' };
  const answers = await Promise.all(
    [
      `/api/v1/streams/user-${user.id}/events`,
      `/api/v1/audit?resource=user-${user.id}`,
      `/api/v1/users?asOf=${before}`,
      `${at(user)}?asOf=${before}`,
    ].map((path) => app.request('GET', path, { headers })),
  );
  for (const { status, text } of answers) {
    expect(status, text).toBe(200);
    expect(text).not.toContain(user.username);
  }
  expect(answers[0]?.text).toContain('"UserErased"');
  expect(answers[3]?.body).toMatchObject({ username: '[erased]', email: '[erased]' });
});

test('the personal secrets of the user are deleted, those of others and shared ones stay', async () => {
  const [user, other] = [await app.newUser(['developer']), await app.newUser(['developer'])];
  const keep = async (name: string, scope: string, token: string) => {
    const reply = await app.request('POST', '/api/v1/secrets', { token, body: { name, value: 'Bearer x', scope } });
    expect(reply.status, reply.text).toBe(201);
    return (reply.body as { id: string }).id;
  };
  const ids = [
    await keep('mine', 'user', user.token),
    await keep(`shared by ${user.id}`, 'shared', user.token),
    await keep('mine', 'user', other.token),
  ];
  const reply = await erase(user);
  expect(reply.status, reply.text).toBe(204);
  const headers = { 'X-Wait-For-Position': reply.headers.get('x-event-position') ?? '' };
  const secrets = await Promise.all(ids.map((id) => app.request('GET', `/api/v1/secrets/${id}`, { headers })));
  expect(secrets.map(({ body }) => (body as { status: string }).status)).toEqual(['deleted', 'active', 'active']);
});

test('an older revision is refused, and changes nothing', async () => {
  const user = await app.newUser();
  const { headers } = await app.request('GET', at(user));
  const seen = headers.get('etag') ?? '';
  await app.request('PUT', `${at(user)}/roles`, { body: { roles: ['viewer'] } });
  expect(await erase(user, { 'If-Match': seen })).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
  expect((await logIn(user)).status).toBe(200);
  // Logging in is recorded on the same stream.
  const wait = { 'X-Wait-For-Position': String(await app.head()) };
  const newest = (await app.request('GET', at(user), { headers: wait })).headers.get('etag') ?? '';
  expect((await erase(user, { 'If-Match': newest })).status).toBe(204);
});

test('where the keys of people cannot be written it breaks off, and the same request completes it', async () => {
  const user = await app.newUser(['developer']);
  const seen = (
    await app.request('GET', at(user), { headers: { 'X-Wait-For-Position': String(await app.head()) } })
  ).headers.get('etag');
  const keys = new DatabaseSync(pathsIn(directory).people);
  onTestFinished(() => keys.close());
  keys.exec('BEGIN IMMEDIATE');
  const broken = await erase(user, { 'If-Match': seen ?? '' });
  keys.exec('ROLLBACK');
  expect(broken).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
  expect(broken.headers.get('retry-after')).toMatch(/^\d+$/);
  // Seen in the list, without roles; nobody comes in, and nobody can be given anything.
  expect(await named(user)).toMatchObject([{ id: user.id, roles: [] }]);
  expect((await app.request('GET', '/api/v1/auth/me', { token: user.token })).status).toBe(401);
  expect((await logIn(user)).status).toBe(401);
  const roles = { body: { roles: ['admin'] } };
  expect(await app.request('PUT', `${at(user)}/roles`, roles)).toMatchObject({
    status: 409,
    body: { code: 'user_being_erased' },
  });
  // The names are free already: whoever has taken one keeps it.
  expect((await register(user)).status).toBe(201);

  const again = await erase(user, { 'If-Match': seen ?? '' });
  expect(again.status, again.text).toBe(204);
  expect((await app.request('GET', at(user))).status).toBe(404);
  expect(await register(user)).toMatchObject({ status: 409, body: { code: 'name_taken' } });
  const { body } = await app.request('GET', `/api/v1/streams/user-${user.id}/events`);
  const types = (body as { items: { type: string }[] }).items.map(({ type }) => type);
  for (const once of ['UserErasureBegan', 'UserErased']) expect(types.filter((type) => type === once)).toHaveLength(1);
});

test('a refusal that is kept does not repeat the name that was asked for', async () => {
  const user = await app.newUser();
  const reply = await register(user, { 'Idempotency-Key': 'taken' });
  expect(reply).toMatchObject({ status: 409, body: { code: 'name_taken', errors: [{ pointer: '/username' }] } });
  expect(reply.text).not.toContain(user.username);
});

test('a repeated request is not answered with what told of the user, nor after a restart', async () => {
  const person = { username: 'once.registered' };
  const key = { 'Idempotency-Key': 'register once' };
  const first = await register(person, key);
  expect(first.status, first.text).toBe(201);
  expect(await register(person, key)).toMatchObject({ status: 201, body: first.body });
  expect((await erase(first.body as { id: string })).status).toBe(204);
  const gone = { status: 410, body: { code: 'answer_erased' } };
  expect(await register(person, key)).toMatchObject(gone);
  await app.close();
  app = await open();
  expect(await register(person, key)).toMatchObject(gone);
  expect(await named(person)).toEqual([]);
});

test('the read models hold what they would when built anew', async () => {
  await register({ username: 'who.stays' });
  await caughtUp(app);
  await app.close();
  const [live, rebuilt] = [await rowsIn(directory), await rebuiltRows(directory)];
  app = await open();
  expect(live['users']).toEqual(rebuilt['users']);
  expect(live).toEqual(rebuilt);
});
