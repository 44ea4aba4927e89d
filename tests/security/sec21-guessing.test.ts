import type * as Crypto from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { until } from '../http/support/until.ts';

/** Work that hashes passwords: the real one, noted, and held back while a test says so. */
const hashing = vi.hoisted(() => ({
  costs: [] as { memory: number; passes: number; parallelism: number }[],
  onEventLoop: 0,
  waiting: [] as (() => void)[],
  isHeld: false,
}));

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof Crypto>();
  const argon2: typeof real.argon2 = (algorithm, parameters, callback) => {
    const { memory, passes, parallelism } = parameters;
    hashing.costs.push({ memory, passes, parallelism });
    const begin = () => real.argon2(algorithm, parameters, callback);
    if (hashing.isHeld) hashing.waiting.push(begin);
    else begin();
  };
  const argon2Sync: typeof real.argon2Sync = (...given) => {
    hashing.onEventLoop++;
    return real.argon2Sync(...given);
  };
  return { ...real, default: real, argon2, argon2Sync };
});

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await limit('failed-logins', 3);
  // All tests of this file come from one address.
  await limit('failed-logins-from-address', 1_000_000);
});

const release = (): void => {
  hashing.isHeld = false;
  for (const begin of hashing.waiting.splice(0)) begin();
};

afterEach(release);
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

describe('hashing', () => {
  const workOf = async (login: () => Promise<{ readonly status: number; readonly body: unknown }>) => {
    hashing.costs.length = 0;
    const { status, body } = await login();
    const { detail, code } = body as { detail: string; code: string };
    return { status, detail, code, costs: [...hashing.costs] };
  };

  test('is the same work, and the answer the same, whether somebody of the name is there or not', async () => {
    const user = await app.newUser();
    const known = await workOf(() => attempt(user.username, 'wrong'));
    expect(known.costs).toEqual([{ memory: 19_456, passes: 2, parallelism: 1 }]);
    expect(known).toMatchObject({ status: 401, code: 'invalid_credentials' });
    expect(await workOf(() => attempt('nobody at all', 'wrong'))).toEqual(known);
  });

  test('leaves the event loop to others, who are served while passwords are checked', async () => {
    const users = await Promise.all(Array.from({ length: 4 }, () => app.newUser()));
    hashing.isHeld = true;
    let ended = 0;
    const logins = users.map(async ({ username, password }) => {
      const { status } = await attempt(username, password);
      ended++;
      return status;
    });
    await until(() => hashing.waiting.length > 0, 'a password is being checked');
    for (const path of ['/health', '/api/v1/mcps', '/api/v1/auth/me']) {
      expect((await app.request('GET', path)).status, path).toBe(200);
    }
    expect(ended).toBe(0);
    release();
    expect(await Promise.all(logins)).toEqual([200, 200, 200, 200]);
    expect(hashing.onEventLoop).toBe(0);
  });

  test('is done for few at one time: a flood is sent away, and others are served', async () => {
    hashing.isHeld = true;
    const statuses: number[] = [];
    const flood = Array.from({ length: 130 }, async (_, n) => {
      const { status, headers } = await attempt(`flood${n}`, 'wrong');
      statuses.push(status);
      if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    });
    await until(() => statuses.length >= 30, 'what is too much is answered', 30_000);
    expect(new Set(statuses)).toEqual(new Set([429]));
    expect(hashing.waiting.length).toBeLessThanOrEqual(2);
    expect((await app.request('GET', '/api/v1/mcps')).status).toBe(200);
    release();
    await Promise.all(flood);
  });
});

test('guessing at one account from many addresses is stopped for the account', async () => {
  const user = await app.newUser();
  await limit('failed-logins', 1_000_000);
  await limit('failed-logins-of-account', 4);
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push((await attempt(user.username, 'wrong')).status);
  expect(statuses).toEqual([401, 401, 401, 401, 429]);
});

test('guessing at many accounts from one address is stopped', async () => {
  const rule = { name: 'from-address', classes: ['login'], per: ['address'], limit: 20, windowMs: 600_000 };
  expect((await app.request('POST', '/api/v1/rate-limits', { body: rule })).status).toBe(201);
  const replies = await Promise.all(Array.from({ length: 40 }, (_, n) => attempt(`nobody${n}`, 'wrong')));
  const statuses = new Set(replies.map(({ status }) => status));
  expect(statuses).toEqual(new Set([401, 429]));
});
