import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '../../src/http/route/route.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { addressOf, makeWorld, type World } from './support/world.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly examples?: object }>> };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

let app: TestApp;
let tools: ToolServer;
let world: World;
let document: Document;

beforeAll(async () => {
  const env = { ANNALS_STDIO_ALLOW: 'npx,node' };
  [app, tools] = await Promise.all([startTestApp({ env }), startToolServer()]);
  world = await makeWorld(app, tools.url);
  document = (await app.request('GET', '/api/openapi.json', { token: null })).body as Document;
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

const documented = () => app.routes.filter(({ undocumented }) => !undocumented);

test('every route is in the document, and nothing else is', () => {
  const inDocument = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  );
  expect(inDocument.sort()).toEqual(
    documented()
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  );
});

test('the document is OpenAPI 3.1, with every reference inside it and every id of an operation once', () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  for (const reference of referencesIn(document)) expect(resolve(document, reference), reference).toBeDefined();
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test('every parameter in a path is declared, and every operation says what guards it', () => {
  for (const route of documented()) {
    const operation = document.paths[route.path]?.[route.method];
    const declared = (operation?.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(declared.sort(), route.path).toEqual(inPath.sort());
    expect(operation?.security.length, route.path).toBe('public' in route.access ? 0 : 1);
  }
});

test('every body has an example, tokens apart', () => {
  const without = documented()
    .filter(({ request }) => request?.body !== undefined)
    .filter(({ path, method }) => !document.paths[path]?.[method]?.requestBody?.content['application/json']?.examples)
    .map(({ path }) => path);
  expect(without).toEqual(['/api/v1/auth/refresh', '/api/v1/auth/logout', '/api/v1/auth/password']);
});

test('each example runs, and is answered as the document says', async () => {
  // In the order of the table: what a later example needs, an earlier one has made.
  const faults: string[] = [];
  for (const route of documented()) {
    for (const example of route.examples ?? []) {
      const where = `${route.method} ${route.path}: ${example.summary}`;
      const token = 'public' in route.access ? null : app.adminToken;
      const { body } = example;
      const options = { token, ...(body === undefined ? {} : { body }) };
      const reply = await app.request(route.method.toUpperCase(), addressOf(route, example, world), options);
      const fault = faultOf(route, reply.status, reply.body);
      if (fault !== undefined) faults.push(`${where}: ${fault} ${reply.text.slice(0, 500)}`);
    }
  }
  expect(faults).toEqual([]);
});

describe('the pages', () => {
  test.each([
    ['/api/docs', ["script-src 'self'", "style-src 'self';", "connect-src 'self'"]],
    ['/api/redoc', ["script-src 'self'", 'worker-src', 'blob:', "style-src 'self' 'unsafe-inline'"]],
    ['/', ["default-src 'none'"]],
  ])('%s needs nothing from elsewhere', async (path, directives) => {
    const page = await app.request('GET', path, { token: null });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const policy = `${page.headers.get('content-security-policy') ?? ''};`;
    for (const directive of directives) expect(policy).toContain(directive);
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
    // Nothing inline that the policy would refuse, and nothing from another host.
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bon\w+=|https?:\/\//);
    const sources = [...page.text.matchAll(/<(?:script|link|img)[^>]*\b(?:src|href)="([^"]+)"/g)].map(([, url]) => url);
    expect(path === '/' || sources.length > 2).toBe(true);
    for (const source of sources) {
      const asset = await app.request('GET', source ?? '', { token: null });
      expect(asset.status, source).toBe(200);
      expect(asset.text.length, source).toBeGreaterThan(50);
      expect(asset.headers.get('x-content-type-options')).toBe('nosniff');
      const expected = source?.endsWith('.js') ? 'javascript' : source?.endsWith('.css') ? 'css' : 'image';
      expect(asset.headers.get('content-type'), source).toContain(expected);
    }
  });
});

test('an asset that the browser has is not sent again', async () => {
  const path = '/api/docs/assets/swagger-ui.css';
  const first = await app.request('GET', path, { token: null });
  const tag = first.headers.get('etag') ?? '';
  const second = await app.request('GET', path, { token: null, headers: { 'If-None-Match': tag } });
  expect([second.status, second.text]).toEqual([304, '']);
});

function faultOf(route: Route, status: number, body: unknown): string | undefined {
  const answer = route.responses[status];
  if (!answer || status >= 300) return `answered ${status}`;
  if (!answer.schema) return undefined;
  const parsed = answer.schema.safeParse(body);
  if (!parsed.success) return JSON.stringify(parsed.error.issues);
  // Parsing drops what the schema does not know.
  return isDeepStrictEqual(parsed.data, body) ? undefined : 'has fields that are not documented';
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [member] : referencesIn(member),
  );
}

function resolve(from: unknown, reference: string): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key.replaceAll('~1', '/')], from);
}
