import { afterEach, expect, test, vi } from 'vitest';
import { createForwardClock } from '../../src/app/forward-clock.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';

const hour = 60 * 60_000;

let app: TestApp | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await app?.close();
  app = undefined;
});

test('the platform’s clock follows the wall clock forward, and goes on from there when that is set back', () => {
  let [wall, steady] = [1_000_000, 50];
  const clock = createForwardClock(
    () => wall,
    () => steady,
  );
  const pass = (ms: number) => ([wall, steady] = [wall + ms, steady + ms]);
  expect(clock()).toBe(1_000_000);
  pass(10);
  expect(clock()).toBe(1_000_010);
  wall -= hour;
  expect(clock()).toBe(1_000_010);
  pass(0.4);
  pass(0.4);
  pass(0.4);
  expect(clock()).toBe(1_000_011);
  wall += 3 * hour;
  expect(clock()).toBe(1_000_011 + 2 * hour);
});

test('no token that was over becomes good again, and none is good for longer, when the clock jumps by an hour', async () => {
  const wall = Date.now;
  let jump = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => wall() + jump);
  app = await startTestApp();
  const user = await app.newUser();
  const statusOf = async (token: string) => (await app?.request('GET', '/api/v1/auth/me', { token }))?.status;
  expect(await statusOf(user.token)).toBe(200);

  jump = hour;
  expect(await statusOf(user.token)).toBe(401);
  const ahead = await app.logIn(user.username, user.password);
  expect(await statusOf(ahead.accessToken)).toBe(200);

  jump = 0;
  expect(await statusOf(user.token)).toBe(401);
  expect(await statusOf(ahead.accessToken)).toBe(200);

  // What was signed an hour ahead is over fifteen minutes later all the same.
  jump = hour + 15 * 60_000;
  expect(await statusOf(ahead.accessToken)).toBe(401);

  jump = -hour;
  expect(await statusOf(user.token)).toBe(401);
  expect(await statusOf(ahead.accessToken)).toBe(401);
});

test('a refresh token that was over stays over when the clock is set back', async () => {
  const wall = Date.now;
  let jump = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => wall() + jump);
  app = await startTestApp({ env: { ANNALS_REFRESH_TOKEN_TTL_MS: String(hour / 2) } });
  const user = await app.newUser();
  const body = { refreshToken: user.refreshToken };
  for (jump of [hour, 0, -hour]) {
    expect(await app.request('POST', '/api/v1/auth/refresh', { token: null, body })).toMatchObject({ status: 401 });
  }
});
