import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await limit('failed-logins', 3);
  await limit('failed-logins-from-address', 20);
});

afterAll(() => app.close());

const limit = async (rule: string, most: number) => {
  const body = { limit: most, windowMs: 600_000 };
  expect((await app.request('PATCH', `/api/v1/rate-limits/${rule}`, { body })).status).toBe(200);
};

const attempt = (username: string, password: string, headers = {}) =>
  app.request('POST', '/api/v1/auth/login', { token: null, body: { username, password }, headers });

test('guessing is stopped for the account, however it is spelled, and says for how long', async () => {
  const user = await app.newUser();
  for (const name of [user.username, user.username.toUpperCase(), user.username]) {
    expect((await attempt(name, 'wrong')).status).toBe(401);
  }
  const stopped = await attempt(user.username, user.password, { 'X-Forwarded-For': '203.0.113.7' });
  expect(stopped).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(stopped.headers.get('ratelimit')).toMatch(/^"failed-logins";r=0;t=\d+$/);
  expect(stopped.headers.get('ratelimit-policy')).toBe('"failed-logins";q=3;w=600');
  const other = await app.newUser();
  expect((await attempt(other.username, other.password)).status).toBe(200);
});

test('attempts at the same moment cannot slip through together', async () => {
  const user = await app.newUser();
  const replies = await Promise.all(Array.from({ length: 12 }, () => attempt(user.username, 'wrong')));
  const statuses = replies.map(({ status }) => status).sort();
  expect(statuses).toEqual([401, 401, 401, ...Array<number>(9).fill(429)]);
});

test('logging in rightly, however often, is not guessing', async () => {
  const user = await app.newUser();
  for (let times = 0; times < 6; times++) expect((await attempt(user.username, user.password)).status).toBe(200);
});

test('guessing at many accounts from one address is stopped', async () => {
  const replies = await Promise.all(Array.from({ length: 40 }, (_, n) => attempt(`nobody${n}`, 'wrong')));
  const statuses = new Set(replies.map(({ status }) => status));
  expect(statuses).toEqual(new Set([401, 429]));
});
