import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp, type User } from './support/app.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

const change = ({ token, password }: User, tag: string, newPassword: string) =>
  app.request('POST', '/api/v1/auth/password', {
    token,
    headers: { 'If-Match': tag },
    body: { currentPassword: password, newPassword },
  });

async function tagOf({ id }: User): Promise<string> {
  const headers = { 'X-Wait-For-Position': String(await app.head()) };
  return (await app.request('GET', `/api/v1/users/${id}`, { headers })).headers.get('etag') ?? '';
}

test("changing one's password on an older revision is refused, and changes nothing; on the newest it goes through", async () => {
  const user = await app.newUser(['developer']);
  const seen = await tagOf(user);
  await app.request('PUT', `/api/v1/users/${user.id}/roles`, { body: { roles: ['viewer'] } });
  expect(await change(user, seen, 'another password')).toMatchObject({
    status: 412,
    body: { code: 'precondition_failed' },
  });
  // The old one is good still, which the next change needs.
  expect((await change(user, await tagOf(user), 'another password')).status).toBe(204);
  await expect(app.logIn(user.username, 'another password')).resolves.toMatchObject({
    expiresIn: expect.any(Number) as number,
  });
});
