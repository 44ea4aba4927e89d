import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { makeApiKey } from '../security/support/api-key.ts';
import { fresh, type Fresh } from './support/fresh.ts';

let app: TestApp;
let place: Fresh;

beforeAll(async () => {
  app = await startTestApp();
  place = fresh();
});
afterAll(async () => {
  await app.close();
  place.remove();
});

test('commands show an API key to the server that ANNALS_URL names, and may do what the key may', async () => {
  const { key } = await makeApiKey(app, app.adminToken, ['projection:read']);
  const env = { ANNALS_URL: app.url, ANNALS_TOKEN: key };
  expect(await place.run(['projections', 'list'], env)).toMatchObject({ code: 0, error: '' });
  const beyond = await place.run(['projections', 'rebuild', 'mcps'], env);
  expect(beyond.code).toBe(1);
  expect(beyond.error).toContain('insufficient_scope');
  expect(beyond.error).not.toContain(key);
});
