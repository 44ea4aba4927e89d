import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminPassword, startTestApp, type TestApp } from '../http/support/app.ts';
import { Browser, formOf } from './support/browser.ts';
import { askForAccess } from './support/let-in.ts';

const forged = {
  Forwarded: 'for=203.0.113.9;host=evil.example;proto=https',
  'X-Forwarded-For': '203.0.113.9',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '8443',
  'X-Forwarded-Proto': 'https',
};
const page = { Origin: 'https://page.example' };

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

describe('what a request says of where it was sent changes nothing', () => {
  test('in metadata', async () => {
    for (const path of [
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-authorization-server/oauth',
      '/oauth/.well-known/openid-configuration',
    ]) {
      const plain = await app.request('GET', path, { token: null });
      const reply = await app.request('GET', path, { token: null, headers: forged });
      expect([reply.status, reply.text]).toEqual([200, plain.text]);
      expect(reply.text).not.toContain('evil.example');
    }
  });

  test('through a whole sign-in: redirects, pages, cookies and the issuer', async () => {
    const { url, exchange } = await askForAccess(app, { scope: 'mcp:read' });
    const browser = new Browser(app.url);
    const login = await browser.open(url, { headers: forged });
    expect(login.url.origin).toBe(app.url);
    const typed = { username: 'admin', password: adminPassword, answer: 'login' };
    const consent = await browser.submit(formOf(login, typed), forged);
    expect(consent.url.origin).toBe(app.url);
    const done = await browser.submit(formOf(consent, { answer: 'consent' }), forged);
    expect(done.url.searchParams.get('iss')).toBe(`${app.url}/oauth`);
    // On loopback without TLS a cookie that is for https alone would never come back.
    for (const cookie of browser.setCookies) expect(cookie).not.toMatch(/secure/i);
    expect(`${login.text}${consent.text}`).not.toContain('evil.example');
    expect((await exchange(done.url)).accessToken).not.toBe('');
  });

  test('cookies are for https where clients reach the server by it, whatever the request says', async () => {
    const behind = await startTestApp({ env: { ANNALS_PUBLIC_URL: 'https://annals.example.com' } });
    try {
      const { url } = await askForAccess(behind, { scope: 'mcp:read', resource: 'https://annals.example.com' });
      for (const proto of ['http', 'https']) {
        const headers = { ...forged, 'X-Forwarded-Proto': proto };
        const reply = await behind.request('GET', url.pathname + url.search, { token: null, headers });
        expect(reply.status, reply.text).toBe(303);
        expect(new URL(reply.headers.get('location') ?? '', 'https://annals.example.com').host).toBe(
          'annals.example.com',
        );
        const cookies = reply.headers.getSetCookie();
        expect(cookies.length).toBeGreaterThan(0);
        for (const cookie of cookies) expect(cookie).toMatch(/; secure/i);
      }
    } finally {
      await behind.close();
    }
  });
});

describe('pages of other origins', () => {
  const open = [
    ['GET', '/.well-known/oauth-protected-resource'],
    ['GET', '/.well-known/oauth-protected-resource/mcp'],
    ['GET', '/.well-known/oauth-authorization-server/oauth'],
    ['GET', '/.well-known/openid-configuration/oauth'],
    ['GET', '/oauth/.well-known/oauth-authorization-server'],
    ['GET', '/oauth/.well-known/openid-configuration'],
    ['GET', '/.well-known/jwks.json'],
    ['POST', '/oauth/register'],
    ['POST', '/oauth/token'],
  ] as const;

  test.each(open)('may ask %s %s, without cookies', async (method, path) => {
    const asking = {
      ...page,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': 'content-type',
    };
    const preflight = await app.request('OPTIONS', path, { token: null, headers: asking });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')?.split(', ')).toContain(method);
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('content-type');
    const body = method === 'POST' ? { body: {} } : {};
    const reply = await app.request(method, path, { token: null, headers: page, ...body });
    expect(reply.status).toBe(method === 'GET' ? 200 : 400);
    for (const answer of [preflight, reply]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('get a token by a code, and see that one is not good', async () => {
    const { url, exchange } = await askForAccess(app, { scope: 'mcp:read' });
    const browser = new Browser(app.url);
    const typed = { username: 'admin', password: adminPassword, answer: 'login' };
    const consent = await browser.submit(formOf(await browser.open(url), typed));
    const { url: back } = await browser.submit(formOf(consent, { answer: 'consent' }));
    expect((await exchange(back, page)).accessToken).not.toBe('');
    await expect(exchange(back, page)).rejects.toThrow('token: 400');
  });

  test('may ask nothing else', async () => {
    const routes = app.routes.filter(
      ({ method, path }) => !open.some(([verb, known]) => verb.toLowerCase() === method && known === path),
    );
    expect(routes.length).toBeGreaterThan(60);
    for (const { method, path } of routes) {
      const address = path.replace(/\{\w+\}/g, '01936f2a-7c11-7000-8000-0000000000ff');
      const headers = { ...page, 'Access-Control-Request-Method': method.toUpperCase() };
      const preflight = await app.request('OPTIONS', address, { token: null, headers });
      expect(preflight.headers.get('access-control-allow-origin'), `${method} ${path}`).toBeNull();
    }
    for (const path of ['/api/v1/mcps', '/health', '/oauth/authorize', '/api/openapi.json']) {
      const reply = await app.request('GET', path, { headers: page });
      expect(reply.headers.get('access-control-allow-origin'), path).toBeNull();
    }
  });
});
