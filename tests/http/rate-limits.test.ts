import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';

interface Limit {
  readonly id: string;
  readonly name: string;
  readonly limit: number;
  readonly per: readonly string[];
  readonly enabled: boolean;
  readonly builtIn: boolean;
}

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

const path = '/api/v1/rate-limits';
const few = { classes: ['read'], limit: 2, windowMs: 600_000 };

async function define(body: object): Promise<Limit> {
  const reply = await app.request('POST', path, { body });
  expect(reply.status, reply.text).toBe(201);
  return reply.body as Limit;
}

describe('rules', () => {
  test('are there from the start, and are told apart from those that were defined', async () => {
    const made = await define({ name: 'of-nobody', ...few, principals: ['user:nobody'] });
    const { items } = (await app.request('GET', path)).body as { items: Limit[] };
    expect(items.filter(({ builtIn }) => builtIn).map(({ name }) => name)).toContain('failed-logins');
    expect(items.find(({ id }) => id === made.id)).toMatchObject({ builtIn: false, per: ['principal'], enabled: true });
  });

  test('are read by id or name, with a tag; changed and removed by who has seen the newest', async () => {
    const { id } = await define({ name: 'tagged', ...few, principals: ['user:nobody'] });
    const read = await app.request('GET', `${path}/tagged`);
    expect(read.body).toMatchObject({ id });
    expect(read.headers.get('etag')).toBe('"0"');
    const change = (tag: string) =>
      app.request('PATCH', `${path}/${id}`, { body: { limit: 3 }, headers: { 'If-Match': tag } });
    const changed = await change('"0"');
    expect(changed).toMatchObject({ status: 200, body: { limit: 3, name: 'tagged' } });
    expect(changed.headers.get('etag')).toBe('"1"');
    expect(await change('"0"')).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    const remove = (tag: string) => app.request('DELETE', `${path}/${id}`, { headers: { 'If-Match': tag } });
    expect((await remove('"0"')).status).toBe(412);
    expect((await remove('"1"')).status).toBe(204);
    expect(await app.request('GET', `${path}/${id}`)).toMatchObject({ status: 404, body: { code: 'limit_not_found' } });
  });

  test('that come with the product can be changed and taken back, not removed', async () => {
    const before = (await app.request('GET', `${path}/exports`)).body as Limit;
    const changed = await app.request('PATCH', `${path}/exports`, { body: { limit: 7 } });
    expect(changed.body).toMatchObject({ id: before.id, limit: 7, builtIn: true });
    expect((await app.request('DELETE', `${path}/exports`)).status).toBe(204);
    expect((await app.request('GET', `${path}/exports`)).body).toEqual(before);
    const again = await app.request('DELETE', `${path}/exports`);
    expect(again).toMatchObject({ status: 409, body: { code: 'limit_built_in' } });
  });

  test('that make no sense are refused, every fault named', async () => {
    const refused = await app.request('POST', path, {
      body: { name: 'Bad Name', classes: [], limit: 0, windowMs: 1500 },
    });
    expect(refused.status).toBe(422);
    const { errors } = refused.body as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(['/classes', '/limit', '/name', '/windowMs']);
    const senseless = { name: 'senseless', ...few, tools: ['github'] };
    expect(await app.request('POST', path, { body: senseless })).toMatchObject({
      status: 422,
      body: { code: 'invalid_limit', errors: [{ pointer: '/tools' }] },
    });
    const taken = await app.request('POST', path, { body: { name: 'reads', ...few } });
    expect(taken).toMatchObject({ status: 409, body: { code: 'name_taken' } });
  });

  test('of any moment can be read', async () => {
    const before = await app.head();
    await define({ name: 'later', ...few, principals: ['user:nobody'] });
    const then = (await app.request('GET', `${path}?asOf=${before}`)).body as { items: Limit[] };
    expect(then.items.map(({ name }) => name)).not.toContain('later');
    expect((await app.request('GET', `${path}/later?asOf=${before}`)).status).toBe(404);
  });
});

describe('what is counted', () => {
  test('is told in every answer, and in the one that says that there is no more room', async () => {
    const user = await app.newUser();
    await define({ name: 'mine', ...few, principals: [`user:${user.id}`] });
    const reads = await app.request('PATCH', `${path}/reads`, { body: { limit: 70_000 } });
    expect(reads.status).toBe(200);
    const ask = (headers = {}) => app.request('GET', '/api/v1/mcps', { token: user.token, headers });
    const first = await ask();
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"reads";q=70000;w=60, "mine";q=2;w=600');
    expect(first.headers.get('ratelimit')).toMatch(/^"reads";r=69999;t=\d+, "mine";r=1;t=\d+$/);
    expect((await ask()).headers.get('ratelimit')).toMatch(/"mine";r=0;t=\d+$/);
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited', status: 429 } });
    expect(refused.headers.get('ratelimit')).toMatch(/"mine";r=0;t=\d+$/);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(500);
    expect(seconds).toBeLessThanOrEqual(600);
    // What could not be given was taken from no budget.
    expect(refused.headers.get('ratelimit')).toMatch(/^"reads";r=69998;/);
    const { text } = await app.request('GET', '/metrics', { token: null });
    expect(text).toContain('annals_rate_limited_total{rule="mine"} 1\n');
    // Changes are another class, and other people have budgets of their own.
    expect((await app.request('POST', '/api/v1/auth/logout', { token: user.token })).status).toBe(204);
    expect((await app.request('GET', '/api/v1/mcps')).status).toBe(200);
  });

  test('counts by the rule as it was last changed, at once, and not while it is disabled', async () => {
    const user = await app.newUser();
    const { id } = await define({ name: 'turning', ...few, principals: [`user:${user.id}`] });
    const ask = async () => (await app.request('GET', '/api/v1/mcps', { token: user.token })).status;
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
    await app.request('PATCH', `${path}/${id}`, { body: { limit: 3 } });
    expect([await ask(), await ask()]).toEqual([200, 429]);
    await app.request('PATCH', `${path}/${id}`, { body: { enabled: false } });
    expect(await ask()).toBe(200);
    await app.request('PATCH', `${path}/${id}`, { body: { enabled: true } });
    expect(await ask()).toBe(429);
    await app.request('DELETE', `${path}/${id}`);
    expect(await ask()).toBe(200);
  });

  test('is not what watches the platform', async () => {
    for (const one of ['/health', '/health/live', '/health/ready', '/metrics']) {
      expect((await app.request('GET', one, { token: null })).headers.get('ratelimit'), one).toBeNull();
    }
  });

  test('is said by the state of the platform', async () => {
    const { rateLimits } = (await app.request('GET', '/api/v1/system')).body as { rateLimits: object };
    expect(rateLimits).toMatchObject({ enforced: true, shared: true });
  });
});

test('a setting switches the rules off for whoever has locked himself out, failed logins apart', async () => {
  const off = await startTestApp({ env: { ANNALS_RATE_LIMITS: 'off' } });
  try {
    const rule = { name: 'too-few', classes: ['read', 'write'], limit: 1, windowMs: 600_000 };
    expect((await off.request('POST', path, { body: rule })).status).toBe(201);
    for (let n = 0; n < 3; n++) {
      const reply = await off.request('GET', '/api/v1/mcps');
      expect([reply.status, reply.headers.get('ratelimit')]).toEqual([200, null]);
    }
    const { rateLimits } = (await off.request('GET', '/api/v1/system')).body as { rateLimits: object };
    expect(rateLimits).toMatchObject({ enforced: false });
    const body = { username: 'admin', password: 'wrong' };
    const statuses = [];
    for (let n = 0; n < 11; n++) {
      statuses.push((await off.request('POST', '/api/v1/auth/login', { token: null, body })).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
  } finally {
    await off.close();
  }
});
