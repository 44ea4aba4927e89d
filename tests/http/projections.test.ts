import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { until } from './support/until.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

const path = '/api/v1/projections/users';

test('a read model is rebuilt beside the live one, takes its place, and can be rolled back', async () => {
  const user = await app.newUser();
  const before = (await app.request('GET', path)).body as { version: number };
  const begun = await app.request('POST', `${path}/rebuild`);
  expect(begun).toMatchObject({ status: 202, body: { projection: 'users', version: before.version + 1 } });
  const location = begun.headers.get('location') ?? '';

  let progress: { status: string; done: number; total: number } = { status: '', done: 0, total: 0 };
  await until(async () => {
    // Whatever the rebuild does meanwhile, the live model answers.
    expect((await app.request('GET', `/api/v1/users/${user.id}`)).status).toBe(200);
    progress = (await app.request('GET', location)).body as typeof progress;
    return progress.status !== 'running';
  }, 'the rebuild ended');
  expect(progress).toMatchObject({ status: 'succeeded' });
  expect((await app.request('GET', path)).body).toMatchObject({
    version: before.version + 1,
    previousVersion: before.version,
  });
  expect((await app.request('GET', `/api/v1/users/${user.id}`)).status).toBe(200);

  const back = await app.request('POST', `${path}/rollback`);
  expect(back).toMatchObject({ status: 200, body: { version: before.version } });
  const log = await app.request('GET', '/api/v1/streams/projection-users/events');
  expect((log.body as { items: { type: string }[] }).items.map(({ type }) => type)).toEqual([
    'ProjectionRebuildStarted',
    'ProjectionRebuildCompleted',
    'ProjectionRolledBack',
  ]);
  expect(await app.request('POST', `${path}/dead-letters/retry`)).toMatchObject({
    status: 200,
    body: { resolved: 0, left: 0 },
  });
});

test('what there is not cannot be rebuilt, followed or rolled back', async () => {
  for (const [method, address, code] of [
    ['GET', '/api/v1/projections/none', 'projection_not_found'],
    ['POST', '/api/v1/projections/none/rebuild', 'projection_not_found'],
    ['GET', '/api/v1/projections/users/rebuilds/01936f2a-7c11-7000-8000-0000000000ff', 'rebuild_not_found'],
    ['GET', '/api/v1/projections/none/dead-letters', 'projection_not_found'],
  ] as const) {
    expect(await app.request(method, address), address).toMatchObject({ status: 404, body: { code } });
  }
  expect(await app.request('POST', '/api/v1/projections/audit/rollback')).toMatchObject({
    status: 409,
    body: { code: 'no_previous_version' },
  });
});
