import { request } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { Browser, signInAndAllow } from './support/browser.ts';
import { askForAccess } from './support/let-in.ts';
import { redirectUri } from './support/oauth-client.ts';

const hour = 60 * 60_000;
let app: TestApp | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await app?.close();
  app = undefined;
});

/** Registers a client from one of the addresses of this machine. */
function register(port: number, localAddress: string): Promise<number> {
  const headers = { 'Content-Type': 'application/json' };
  return new Promise((resolve, reject) => {
    const path = '/oauth/register';
    const sent = request({ host: '127.0.0.1', port, localAddress, path, method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ client_name: 'One of many', redirect_uris: [redirectUri] }));
  });
}

test('clients that register themselves are limited for each address, and for all addresses together', async () => {
  app = await startTestApp({ http: { oauthClients: { perAddress: 3, perDay: 5, unusedForMs: hour } } });
  const { port } = app;
  const statuses = async (address: string) => {
    const all: number[] = [];
    for (let n = 0; n < 4; n++) all.push(await register(port, address));
    return all;
  };
  expect(await statuses('127.0.0.1')).toEqual([201, 201, 201, 429]);
  expect(await statuses('127.0.0.2')).toEqual([201, 201, 429, 429]);
  const before = await app.head();
  expect(await statuses('127.0.0.3')).toEqual([429, 429, 429, 429]);
  expect(await app.head()).toBe(before);
});

test('a client that nobody lets in for a day is gone, and one that somebody has let in stays', async () => {
  const wall = Date.now;
  let jump = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => wall() + jump);
  app = await startTestApp();
  const user = await app.newUser();
  const [used, unused] = [
    await askForAccess(app, { scope: 'mcp:read' }),
    await askForAccess(app, { scope: 'mcp:read' }),
  ];
  await used.exchange(await signInAndAllow(new Browser(app.url), used.url, user));

  jump = 23 * hour;
  expect((await new Browser(app.url).open(unused.url)).text).toContain('name="password"');
  jump = 24 * hour;
  const gone = await new Browser(app.url).open(unused.url);
  expect([gone.status, gone.text.includes('<code>invalid_client</code>')]).toEqual([400, true]);
  const again = await used.exchange(await signInAndAllow(new Browser(app.url), used.url, user));
  expect(again.accessToken).not.toBe('');
});
