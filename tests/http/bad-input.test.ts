import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '../../src/http/route/route.ts';
import { adminPassword, startTestApp, type Reply, type RequestOptions, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { makeWorld, type World } from './support/world.ts';

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly correlationId: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string; readonly in?: string }[];
}

const unknownId = '01936f2a-7c11-7000-8000-0000000000ff';

/** Bodies that are good, by route: what the tests then spoil. Routes with an example in the documentation are not here. */
const bodies: Readonly<Record<string, object>> = {
  '/api/v1/auth/refresh': { refreshToken: 'x' },
  '/api/v1/auth/logout': {},
  '/api/v1/auth/password': { currentPassword: adminPassword, newPassword: 'long enough' },
};

let app: TestApp;
let tools: ToolServer;
let world: World;

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  // What is sent here has many wrong passwords in it.
  for (const rule of ['failed-logins', 'failed-logins-of-account', 'failed-logins-from-address']) {
    await app.request('PATCH', `/api/v1/rate-limits/${rule}`, { body: { enabled: false } });
  }
  world = await makeWorld(app, tools.url);
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

/** The routes that answer in this API's own way. Those of OAuth answer as its standards say. */
const ours = () => app.routes.filter(({ raw }) => !raw);

/** Sends something bad, and expects a problem document and that nothing was recorded. */
async function refused(route: Route, path: string, options: RequestOptions, status: number): Promise<Problem> {
  const before = await app.head();
  const reply = await app.request(route.method.toUpperCase(), path, options);
  const where = `${route.method} ${path} ${JSON.stringify(options).slice(0, 200)}: ${reply.text.slice(0, 300)}`;
  expect(reply.status, where).toBe(status);
  const problem = problemOf(reply, where);
  expect(await app.head(), where).toBe(before);
  return problem;
}

function problemOf(reply: Reply, where: string): Problem {
  expect(reply.headers.get('content-type'), where).toBe('application/problem+json');
  const problem = reply.body as Problem;
  expect(problem, where).toMatchObject({
    status: reply.status,
    code: expect.stringMatching(/^[a-z_]+$/) as string,
    detail: expect.stringMatching(/./) as string,
    correlationId: reply.headers.get('x-correlation-id'),
  });
  expect(reply.text, where).not.toMatch(/node_modules|\.ts:\d|at \w+ \(/);
  return problem;
}

function pathOf(route: Route, params: Readonly<Record<string, string>> = {}): string {
  const [example] = route.examples ?? [];
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name] ?? example?.params?.[name] ?? (name === 'n' ? '1' : unknownId);
    return encodeURIComponent(world[value] ?? value);
  });
}

const bodyOf = (route: Route): object => {
  const found = bodies[route.path] ?? route.examples?.find(({ body }) => body !== undefined)?.body;
  if (typeof found !== 'object' || found === null) throw new Error(`${route.path} has no body to spoil`);
  return found;
};
const changing = () => ours().filter(({ method }) => method !== 'get');
const withBody = () => changing().filter(({ request }) => request?.body);

describe('every route that takes a body', () => {
  test('refuses an unknown field and names it', async () => {
    for (const route of withBody()) {
      if (route.path === '/api/v1/mcps/import') continue; // Files of other programs hold fields of their own.
      const { errors } = await refused(route, pathOf(route), { body: { ...bodyOf(route), isAdmin: true } }, 422);
      expect(errors, route.path).toContainEqual({ pointer: '/isAdmin', detail: 'is not a known field' });
    }
  });

  test('refuses a wrong type in each field and names the field', async () => {
    for (const route of withBody()) {
      if (route.path === '/api/v1/mcps/import') continue;
      for (const field of Object.keys(bodyOf(route))) {
        for (const wrong of [12.5, [[]], { a: { b: 1 } }]) {
          if (field === 'arguments' && !Array.isArray(wrong) && typeof wrong === 'object') continue; // any object is good
          if (field === 'transport' && route.method === 'patch' && !Array.isArray(wrong)) continue;
          const { errors } = await refused(route, pathOf(route), { body: { ...bodyOf(route), [field]: wrong } }, 422);
          const pointers = (errors ?? []).map(({ pointer }) => pointer);
          expect(
            pointers.some((one) => one.startsWith(`/${field}`)),
            `${route.path} ${pointers.join()}`,
          ).toBe(true);
        }
      }
    }
  });

  test('refuses a body that is not an object', async () => {
    for (const route of withBody()) {
      await refused(route, pathOf(route), { body: [1, 2] }, 422);
      await refused(route, pathOf(route), { raw: '"text"', headers: { 'Content-Type': 'application/json' } }, 400);
    }
  });

  test('names every fault at once', async () => {
    const route = app.routes.find(({ path, method }) => path === '/api/v1/executions' && method === 'post');
    const body = { mcpId: 1, tool: '', arguments: [], mode: 'later', version: 0, timeoutMs: 'soon', color: 'red' };
    const { errors } = await refused(route as Route, '/api/v1/executions', { body }, 422);
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual(
      Object.keys(body)
        .map((name) => `/${name}`)
        .sort(),
    );
  });

  test('needs a body, unless it says that it may be left out', async () => {
    for (const route of withBody().filter(({ request }) => !request?.bodyOptional)) {
      const { errors } = await refused(route, pathOf(route), {}, 422);
      expect(errors).toContainEqual({ pointer: '', detail: 'a JSON body is required' });
    }
  });
});

describe('every route that changes something', () => {
  const json = { 'Content-Type': 'application/json' };

  test('refuses what is not JSON', async () => {
    for (const route of changing()) {
      expect((await refused(route, pathOf(route), { raw: '{"a":', headers: json }, 400)).code).toBe('invalid_json');
    }
  });

  test('refuses what is not UTF-8', async () => {
    const raw = new Uint8Array([...Buffer.from('{"name":"'), 0xff, 0xfe, 0xc0, ...Buffer.from('"}')]);
    for (const route of changing()) {
      expect((await refused(route, pathOf(route), { raw, headers: json }, 400)).code).toBe('invalid_encoding');
    }
  });

  test('refuses another content type, and none', async () => {
    for (const route of changing()) {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/json2',
        'multipart/form-data',
      ]) {
        await refused(route, pathOf(route), { raw: '{}', headers: { 'Content-Type': type } }, 415);
      }
      await refused(route, pathOf(route), { raw: new Uint8Array([123, 125]) }, 415);
      const utf16 = { 'Content-Type': 'application/json; charset=utf-16' };
      await refused(route, pathOf(route), { raw: '{}', headers: utf16 }, 415);
    }
  });

  test('refuses 10 MB without reading on', async () => {
    const raw = `{"name":"${'x'.repeat(10 * 1024 * 1024)}"}`;
    for (const route of changing()) {
      expect((await refused(route, pathOf(route), { raw, headers: json }, 413)).code).toBe('body_too_large');
    }
  });

  test('refuses JSON that is nested too deeply or holds too much', async () => {
    const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
    const many = JSON.stringify({ arguments: Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [n, 0])) });
    for (const route of changing()) {
      expect((await refused(route, pathOf(route), { raw: deep, headers: json }, 400)).code).toBe('body_too_deep');
      expect((await refused(route, pathOf(route), { raw: many, headers: json }, 400)).code).toBe('body_too_complex');
    }
  });

  test('refuses __proto__ at any depth', async () => {
    const raw = '{"arguments":{"a":[{"__proto__":{"isAdmin":true}}]}}';
    for (const route of changing()) {
      const { errors } = await refused(route, pathOf(route), { raw, headers: json }, 422);
      expect(errors).toEqual([{ pointer: '/arguments/a/0/__proto__', detail: 'is not an allowed name' }]);
    }
  });

  test('refuses a body that is compressed wrongly, or unpacks to too much', async () => {
    const bomb = await gzip(Buffer.alloc(20 * 1024 * 1024, ' '));
    for (const route of changing()) {
      await refused(route, pathOf(route), { raw: '{}', headers: { ...json, 'Content-Encoding': 'gzip' } }, 400);
      await refused(route, pathOf(route), { raw: '{}', headers: { ...json, 'Content-Encoding': 'rot13' } }, 415);
      await refused(route, pathOf(route), { raw: bomb, headers: { ...json, 'Content-Encoding': 'gzip' } }, 413);
    }
  });

  test('refuses a stale or senseless If-Match, where it takes one', async () => {
    const conditional = changing().filter((route) => route.conditional);
    expect(conditional.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'post /api/v1/executions/{id}/cancel',
      'patch /api/v1/mcps/{id}',
      'delete /api/v1/mcps/{id}',
      'post /api/v1/mcps/{id}/restore',
      'post /api/v1/mcps/{id}/rollback',
      'post /api/v1/mcps/{id}/discover',
      'post /api/v1/auth/password',
      'delete /api/v1/oauth/grants/{id}',
      'put /api/v1/users/{id}/roles',
      'post /api/v1/users/{id}/password',
      'delete /api/v1/users/{id}',
      'put /api/v1/roles/{name}',
      'delete /api/v1/roles/{name}',
      'delete /api/v1/api-keys/{id}',
      'patch /api/v1/secrets/{id}',
      'delete /api/v1/secrets/{id}',
      'patch /api/v1/rate-limits/{id}',
      'delete /api/v1/rate-limits/{id}',
    ]);
    for (const route of conditional) {
      const body = route.request?.body ? { body: bodyOf(route) } : {};
      const id = route.path.includes('users') ? unknownUser() : 'everything';
      const known = route.path.includes('executions') ? { id: executionId() } : {};
      const path = pathOf(route, route.path.includes('mcps') || route.path.includes('users') ? { id } : known);
      for (const tag of ['"99"', 'W/"0"', '"no-such"']) {
        const options = { ...body, headers: { 'If-Match': tag } };
        expect((await refused(route, path, options, 412)).code, route.path).toBe('precondition_failed');
      }
      const { errors } = await refused(route, path, { ...body, headers: { 'If-Match': 'seven' } }, 422);
      expect(errors).toMatchObject([{ pointer: '/If-Match', in: 'header' }]);
    }
  });

  test('refuses an Idempotency-Key that cannot be one', async () => {
    for (const route of changing().filter(({ method }) => method === 'post')) {
      const options = { ...(route.request?.body ? { body: bodyOf(route) } : {}), headers: { 'Idempotency-Key': 'ä' } };
      const { errors } = await refused(route, pathOf(route), options, 422);
      expect(errors, route.path).toMatchObject([{ pointer: '/Idempotency-Key', in: 'header' }]);
    }
  });
});

describe('every route', () => {
  test('refuses a query parameter that it does not know', async () => {
    for (const route of ours()) {
      const body = route.request?.body ? { body: bodyOf(route) } : {};
      const { errors } = await refused(route, `${pathOf(route)}?colour=red`, body, 422);
      expect(errors, route.path).toContainEqual({ pointer: '/colour', detail: 'is not a known field', in: 'query' });
    }
  });

  test('refuses a query parameter of the wrong form, or given twice, and names it', async () => {
    for (const route of ours()) {
      for (const name of Object.keys(route.request?.query?.shape ?? {})) {
        const twice = await refused(route, `${pathOf(route)}?${name}=1&${name}=2`, {}, 422);
        expect(twice.errors, `${route.path} ${name}`).toContainEqual(expect.objectContaining({ pointer: `/${name}` }));
      }
      for (const name of ['limit', 'after', 'revision', 'asOf', 'cursor', 'sort', 'from', 'status', 'version', 'to']) {
        if (!route.request?.query || !(name in route.request.query.shape)) continue;
        const named = route.path.includes('/users/') ? { id: unknownUser() } : {};
        const id = route.path.includes('/mcps/') ? { id: 'everything' } : named;
        const path = pathOf(
          route,
          route.path.includes('/executions/') ? { id: executionId() } : { ...id, stream: `mcp-${unknownId}` },
        );
        const { errors } = await refused(route, `${path}?${name}=%00-1e9`, {}, 422);
        expect(errors, `${route.path} ${name}`).toContainEqual(expect.objectContaining({ pointer: `/${name}` }));
      }
    }
  });

  test('refuses a position that cannot be waited for', async () => {
    for (const route of ours().filter(({ reads }) => reads !== undefined)) {
      const headers = { 'X-Wait-For-Position': 'the last one' };
      await refused(route, pathOf(route, { id: unknownId }), { headers }, 422);
    }
  });

  test('answers 404 to ids that are none or nobody’s, naming what is wrong with them', async () => {
    for (const route of ours().filter(({ path }) => path.includes('{'))) {
      const body = route.request?.body ? { body: bodyOf(route) } : {};
      for (const id of [unknownId, 'no such thing', '../../etc/passwd', '%00', "' or 1=1 --", 'x'.repeat(199)]) {
        const params = { id, name: id, stream: id };
        await refused(route, pathOf(route, params), body, 404);
      }
      const tooLong = await refused(
        route,
        pathOf(route, { id: 'x'.repeat(400), name: 'x'.repeat(400), stream: 'x'.repeat(400) }),
        body,
        404,
      );
      expect(tooLong.errors, route.path).toContainEqual(expect.objectContaining({ in: 'path' }));
    }
  });

  test('answers 400 to a path that is not percent-encoded UTF-8', async () => {
    for (const route of ours().filter(({ path }) => path.includes('{'))) {
      await refused(route, route.path.replace(/\{\w+\}/g, '%E0%A4%A'), {}, 400);
    }
  });

  test('answers 405 with the right methods to a wrong one, and tells them when asked', async () => {
    for (const { path } of ours()) {
      const route = app.routes.find((one) => one.path === path) as Route;
      const allowed = app.routes.filter((one) => one.path === path).map(({ method }) => method.toUpperCase());
      const reply = await app.request('PROPFIND', pathOf(route));
      expect(problemOf(reply, path).code).toBe('method_not_allowed');
      expect(reply.status).toBe(405);
      const expected = [...new Set([...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].sort();
      expect(reply.headers.get('allow')).toBe(expected.join(', '));
      const options = await app.request('OPTIONS', pathOf(route));
      expect([options.status, options.headers.get('allow')]).toEqual([204, expected.join(', ')]);
    }
  });

  test('has one spelling', async () => {
    for (const path of ['/API/v1/mcps', '/api/v1/mcps/', '/api//v1/mcps', '/api/v1/Mcps', '/nothing', '/api/v2/mcps']) {
      const reply = await app.request('GET', path);
      expect(reply.status, path).toBe(404);
      expect(problemOf(reply, path).code).toBe('not_found');
    }
  });
});

test('nothing of all this was logged as an error', () => {
  expect(app.logged.filter(({ level }) => level === 'error')).toEqual([]);
});

const executionId = () => Object.values(world)[0] ?? '';
const unknownUser = () => Object.values(world)[1] ?? '';

async function gzip(bytes: Buffer): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
