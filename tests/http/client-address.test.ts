import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';

/** What a proxy that appends to the header makes of what a client wrote itself. */
const forwarded = (address: string) => ({ 'X-Forwarded-For': `10.9.8.7, 192.0.2.66, ${address}` });

async function failLogin(app: TestApp, username: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const body = { username, password: 'wrong' };
  return (await app.request('POST', '/api/v1/auth/login', { token: null, headers, body })).status;
}

/** Addresses of failed logins, the newest first. */
async function addressesOf(app: TestApp): Promise<readonly (string | null)[]> {
  const headers = { 'X-Wait-For-Position': String(await app.head()) };
  const { body } = await app.request('GET', '/api/v1/audit?action=LoginFailed', { headers });
  return (body as { items: { remoteAddress: string | null }[] }).items.map(({ remoteAddress }) => remoteAddress);
}

async function keyFor(app: TestApp, addresses: readonly string[]): Promise<string> {
  const body = { name: 'bound', scopes: ['mcp:read'], addresses };
  const reply = await app.request('POST', '/api/v1/api-keys', { body });
  expect(reply.status, reply.text).toBe(201);
  return (reply.body as { key: string }).key;
}

describe('behind proxies that are trusted', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { ANNALS_TRUSTED_PROXIES: '127.0.0.1,192.0.2.64/26' } });
  });
  afterAll(() => app.close());

  it('a request comes from the last address that is not a proxy, and not from what the client says', async () => {
    await failLogin(app, 'admin', { 'X-Forwarded-For': '10.9.8.7, 203.0.113.5, 192.0.2.66' });
    await failLogin(app, 'admin', forwarded('2001:db8::5'));
    await failLogin(app, 'admin', {});
    await failLogin(app, 'admin', { 'X-Forwarded-For': 'unknown' });
    expect(await addressesOf(app)).toEqual(['127.0.0.1', '127.0.0.1', '2001:db8::5', '203.0.113.5']);
  });

  it('each address has attempts to log in of its own', async () => {
    const { username } = await app.newUser();
    const statuses = new Set<number>();
    for (let attempt = 0; attempt < 11; attempt++) {
      statuses.add(await failLogin(app, username, forwarded('198.51.100.1')));
    }
    expect([...statuses]).toEqual([401, 429]);
    expect(await failLogin(app, username, forwarded('198.51.100.2'))).toBe(401);
  });

  it('an API key is bound to the address of its client', async () => {
    const token = await keyFor(app, ['198.51.100.0/24']);
    const from = async (address: string) =>
      (await app.request('GET', '/api/v1/mcps', { token, headers: forwarded(address) })).status;
    expect(await from('198.51.100.9')).toBe(200);
    expect(await from('203.0.113.9')).toBe(403);
  });
});

describe('without a proxy that is trusted', () => {
  it('what a request says of its address is not believed', async () => {
    const app = await startTestApp();
    try {
      await failLogin(app, 'admin', forwarded('198.51.100.1'));
      expect(await addressesOf(app)).toEqual(['127.0.0.1']);
    } finally {
      await app.close();
    }
  });
});
