import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';

let app: TestApp;
let tools: ToolServer;

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

const register = (name: string, more = {}) =>
  app.request('POST', '/api/v1/mcps', {
    body: { name, transport: { type: 'streamable-http', url: tools.url }, ...more },
  });

describe('an mcp', () => {
  test('is registered with what its server offers, and found by its id and by its name', async () => {
    const reply = await register('Weather (no)'.slice(0, 7), { tags: ['a', 'b'], description: 'Forecasts' });
    expect(reply).toMatchObject({
      status: 201,
      body: {
        name: 'Weather',
        status: 'active',
        version: 1,
        tags: ['a', 'b'],
        discovery: { status: 'discovered' },
        tools: [{ name: 'echo' }, { name: 'fail' }, { name: 'wait' }, { name: 'large' }],
        drift: null,
      },
    });
    const { id } = reply.body as { id: string };
    expect(reply.headers.get('location')).toBe(`/api/v1/mcps/${id}`);
    for (const key of [id, id.toUpperCase(), 'Weather', 'WEATHER']) {
      expect((await app.request('GET', `/api/v1/mcps/${key}`)).body, key).toEqual(reply.body);
    }
    const offered = await app.request('GET', '/api/v1/mcps/weather/tools?limit=1');
    expect(offered.body).toMatchObject({ version: 1, discovered: true, items: [{ inputSchema: { type: 'object' } }] });
  });

  test('has a name that nobody else has', async () => {
    await register('Only one');
    expect(await register('ONLY ONE')).toMatchObject({
      status: 409,
      body: { code: 'name_taken', errors: [{ pointer: '/name' }] },
    });
  });

  test('can be changed, compared, and rolled back to what it was', async () => {
    await register('changing');
    const path = '/api/v1/mcps/changing';
    await app.request('PATCH', path, { body: { description: 'second', tags: ['new'] } });
    expect((await app.request('GET', `${path}/versions`)).body).toMatchObject({
      items: [
        { version: 2, reason: 'change' },
        { version: 1, reason: 'registration' },
      ],
    });
    expect((await app.request('GET', `${path}/versions/1/diff?to=2`)).body).toMatchObject({
      from: 1,
      to: 2,
      changes: [
        { pointer: '/description', op: 'replace', before: '', after: 'second' },
        { pointer: '/tags', op: 'replace', before: [], after: ['new'] },
      ],
      tools: { added: [], removed: [], changed: [] },
      breaking: [],
    });
    const back = await app.request('POST', `${path}/rollback`, { body: { toVersion: 1 } });
    expect(back).toMatchObject({ status: 200, body: { version: 3, description: '', tags: [] } });
    expect((await app.request('GET', `${path}/versions/3`)).body).toMatchObject({
      reason: 'rollback',
      rolledBackTo: 1,
    });
    expect(await app.request('GET', `${path}/versions/9`)).toMatchObject({
      status: 404,
      body: { code: 'version_not_found' },
    });
  });

  test('that is retired can be neither called nor changed, and can be restored', async () => {
    await register('resting');
    const path = '/api/v1/mcps/resting';
    const call = { body: { mcpId: 'resting', tool: 'echo', arguments: { message: 'x' } } };
    expect(await app.request('DELETE', path)).toMatchObject({ status: 200, body: { status: 'retired' } });
    expect(await app.request('POST', '/api/v1/executions', call)).toMatchObject({
      status: 409,
      body: { code: 'mcp_retired' },
    });
    expect((await app.request('PATCH', path, { body: { description: 'x' } })).status).toBe(409);
    expect(await app.request('POST', `${path}/restore`)).toMatchObject({ status: 200, body: { status: 'active' } });
    expect((await app.request('POST', '/api/v1/executions', call)).status).toBe(200);
  });

  test('is listed by filter, in the order asked for, page by page', async () => {
    for (const name of ['list c', 'list a', 'list b']) await register(name, { tags: ['listed'] });
    const names: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await app.request('GET', `/api/v1/mcps?tags=listed&sort=name&limit=2${cursor}`);
      const page = body as { items: { name: string }[]; nextCursor: string | null };
      names.push(...page.items.map(({ name }) => name));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(names).toEqual(['list a', 'list b', 'list c']);
  });
});

describe('a program', () => {
  test.each([
    ['code in an argument', { command: 'node', args: ['-e', 'process.exit()'] }],
    ['a variable that steers the interpreter', { command: 'node', env: { NODE_OPTIONS: '--require ./evil.js' } }],
    ['a variable that steers the loader', { command: 'node', env: { LD_PRELOAD: '/tmp/evil.so' } }],
    ['a variable that steers the package tool', { command: 'npx', env: { npm_config_registry: 'http://evil' } }],
    ['a directory that goes upwards', { command: 'node', cwd: '/srv/../etc' }],
    ['a line break', { command: 'node', args: ['a\nb'] }],
    ['a program that is not allowed', { command: 'bash', args: ['-c', 'id'] }],
  ])('with %s is refused when it is registered, and nothing is kept of it', async (what, launch) => {
    const before = await app.request('GET', '/api/v1/system');
    const reply = await app.request('POST', '/api/v1/mcps', {
      body: { name: what, transport: { type: 'stdio', ...launch } },
    });
    expect(reply.status).toBe(422);
    expect(JSON.stringify((reply.body as { errors: unknown }).errors)).toContain('/transport');
    const after = await app.request('GET', '/api/v1/system');
    expect((after.body as { log: unknown }).log).toEqual((before.body as { log: unknown }).log);
  });
});

describe('a configuration file', () => {
  const file = () => ({
    mcpServers: {
      'from-file': { type: 'http', url: tools.url, description: 'Imported' },
      '@scope/odd name!': { url: tools.url },
      off: { command: 'node', disabled: true },
      broken: { command: 'node', env: { NODE_OPTIONS: '--require /tmp/x' } },
      taken: { url: tools.url },
    },
  });

  test('is imported server by server', async () => {
    await register('taken');
    const reply = await app.request('POST', '/api/v1/mcps/import', { body: file() });
    expect(reply.status).toBe(200);
    const { items } = reply.body as { items: { source: string; status: string }[] };
    expect(Object.fromEntries(items.map(({ source, status }) => [source, status]))).toMatchObject({
      'from-file': 'registered',
      '@scope/odd name!': 'registered',
      off: 'skipped',
      taken: 'exists',
    });
    const again = await app.request('POST', '/api/v1/mcps/import', { body: file() });
    expect((again.body as { items: { status: string }[] }).items[0]).toMatchObject({ status: 'exists' });
  });

  test('comes out as it can go in', async () => {
    const { body } = await app.request('GET', '/api/v1/mcps/export');
    const { mcpServers } = body as { mcpServers: Record<string, object> };
    expect(mcpServers['from-file']).toEqual({ type: 'http', url: tools.url, description: 'Imported' });
    const reply = await app.request('POST', '/api/v1/mcps/import', { body });
    const { items } = reply.body as { items: { status: string }[] };
    expect(items.length).toBe(Object.keys(mcpServers).length);
    expect(items.every(({ status }) => status === 'exists')).toBe(true);
  });

  test('of no known form is refused', async () => {
    expect(await app.request('POST', '/api/v1/mcps/import', { body: { hello: 1 } })).toMatchObject({
      status: 422,
      body: { code: 'unknown_import_format' },
    });
  });
});
