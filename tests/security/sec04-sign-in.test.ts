import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { Browser } from './support/browser.ts';
import { startIdentityProvider, type StartedProvider } from './support/start-identity-provider.ts';

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const publicUrl = 'http://127.0.0.1:45871';
const returnTo = 'http://127.0.0.1:33419/signed-in';
const callbackPath = '/api/v1/auth/oidc/callback';

let provider: StartedProvider;
let app: TestApp;

/** The address that the server is known by is not the one that it listens on, as behind a proxy. */
const throughProxy = (address: URL): URL => new URL(address.pathname + address.search, app.url);

beforeAll(async () => {
  provider = await startIdentityProvider(`${publicUrl}${callbackPath}`);
  app = await startTestApp({
    env: {
      ANNALS_PUBLIC_URL: publicUrl,
      ANNALS_OIDC_ISSUER: provider.issuer,
      ANNALS_OIDC_CLIENT_ID: 'annals',
      ANNALS_OIDC_CLIENT_SECRET: 'the secret of annals at its provider',
      ANNALS_OIDC_ROLES_CLAIM: 'groups',
      ANNALS_OIDC_ROLES: 'staff=developer,auditors=auditor',
    },
  });
});

afterAll(async () => {
  await app.close();
  await provider.close();
});

const startAddress = (query: Readonly<Record<string, string>> = {}) =>
  `${app.url}/api/v1/auth/oidc/start?${new URLSearchParams({ challenge, returnTo, ...query }).toString()}`;

/** Goes to the provider and comes back to the door of the callback, which the caller opens. */
async function cameBack(browser: Browser): Promise<URL> {
  const { url } = await browser.open(startAddress());
  expect(url.origin, url.href).toBe(publicUrl);
  return throughProxy(url);
}

const newBrowser = () => new Browser(app.url, [provider.issuer]);

interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function exchange(code: string, by = verifier) {
  const body = { code, verifier: by };
  return app.request('POST', '/api/v1/auth/oidc/token', { token: null, body });
}

async function signIn(): Promise<SignedIn> {
  const browser = newBrowser();
  const { url } = await browser.open(await cameBack(browser));
  expect(`${url.origin}${url.pathname}`, url.href).toBe(returnTo);
  const reply = await exchange(url.searchParams.get('code') ?? '');
  expect(reply.status, reply.text).toBe(200);
  return reply.body as SignedIn;
}

const me = async ({ accessToken }: SignedIn) =>
  (await app.request('GET', '/api/v1/auth/me', { token: accessToken })).body as {
    id: string;
    username: string;
    email: string;
    roles: string[];
  };

const ada = {
  sub: 'ada-1',
  email: 'ada@example.org',
  email_verified: true,
  preferred_username: 'ada',
  groups: ['staff', 'unknown'],
};

describe('signing in with an identity provider', () => {
  test('makes an account of the verified address, and the same one the next time', async () => {
    await provider.signsIn(ada);
    const first = await me(await signIn());
    expect(first).toMatchObject({ username: 'ada', email: 'ada@example.org', roles: ['developer'] });
    // The address may have become another's; the subject is the same.
    await provider.signsIn({ ...ada, email: 'ada.new@example.org', groups: ['auditors'] });
    expect(await me(await signIn())).toMatchObject({ id: first.id, email: 'ada@example.org', roles: ['auditor'] });
  });

  test('is on the record: who, by which issuer and subject', async () => {
    await provider.signsIn({ ...ada, sub: 'grace-1', email: 'grace@example.org', preferred_username: 'grace' });
    const { id } = await me(await signIn());
    const headers = { 'X-Wait-For-Position': String(await app.head()) };
    const reply = await app.request('GET', `/api/v1/events?stream=user-${id}`, { headers });
    const { items } = reply.body as { items: { type: string; data: unknown }[] };
    const identity = { issuer: provider.issuer, subject: 'grace-1' };
    expect(items).toContainEqual(expect.objectContaining({ type: 'UserIdentityLinked', data: identity }));
    expect(items).toContainEqual(
      expect.objectContaining({ type: 'UserLoggedIn', data: expect.objectContaining({ identity }) as unknown }),
    );
  });

  test('takes an account over from whoever registered the address before its owner came', async () => {
    const squatter = { username: 'linus', email: 'linus@example.org', password: 'of the squatter' };
    const made = await app.request('POST', '/api/v1/auth/register', { token: null, body: squatter });
    const session = await app.logIn('linus', squatter.password);
    const key = await app.request('POST', '/api/v1/api-keys', {
      token: session.accessToken,
      body: { name: 'kept', scopes: ['self:manage'] },
    });
    const { key: apiKey } = key.body as { key: string };
    await provider.signsIn({ ...ada, sub: 'linus-1', email: 'linus@example.org' });
    expect((await me(await signIn())).id).toBe((made.body as { id: string }).id);
    for (const token of [session.accessToken, apiKey]) {
      await expect.poll(async () => (await app.request('GET', '/api/v1/auth/me', { token })).status).toBe(401);
    }
    const body = { username: 'linus', password: squatter.password };
    expect((await app.request('POST', '/api/v1/auth/login', { token: null, body })).status).toBe(401);
  });

  test.each([{ email_verified: false }, { email_verified: undefined }, { email_verified: 'true' }])(
    'does not go by an address that is not verified: %o',
    async (claims) => {
      const victim = await app.newUser();
      await provider.signsIn({ sub: 'mallory', email: `${victim.username}@example.org`, ...claims });
      const before = await app.head();
      const browser = newBrowser();
      const { status, text } = await browser.open(await cameBack(browser));
      expect([status, JSON.parse(text)]).toMatchObject([403, { code: 'email_not_verified' }]);
      expect(await app.head()).toBe(before);
    },
  );

  test('gives the code to who has the verifier, once, and for no other use', async () => {
    await provider.signsIn(ada);
    const browser = newBrowser();
    const { url } = await browser.open(await cameBack(browser));
    const code = url.searchParams.get('code') ?? '';
    expect(url.href).not.toContain('eyJhbGci');
    expect((await exchange(code, randomBytes(32).toString('base64url'))).status).toBe(401);
    expect((await exchange(`${code}x`)).status).toBe(401);
    expect((await exchange(code)).status).toBe(200);
    expect(await exchange(code)).toMatchObject({ status: 409, body: { code: 'session_exists' } });
    expect((await app.request('GET', '/api/v1/auth/me', { token: code })).status).toBe(401);
  });

  test.each([
    'https://evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://user@127.0.0.1/',
    'javascript:alert(1)',
    '//evil.example',
    'http://evil.example#127.0.0.1',
  ])('leads to this machine or this server, and nowhere else: %s', async (address) => {
    const { status, text } = await newBrowser().open(startAddress({ returnTo: address }));
    expect([status, JSON.parse(text)]).toMatchObject([422, { errors: [{ pointer: '/returnTo' }] }]);
  });

  test('asks with PKCE, state and nonce, and a cookie that no script reads', async () => {
    const reply = await app.request('GET', startAddress().slice(app.url.length), { token: null });
    const { searchParams } = new URL(reply.headers.get('location') ?? '');
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge']) expect(searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    expect(reply.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Lax$/);
  });

  test('refuses a state that is not of this browser, and an answer in another browser', async () => {
    await provider.signsIn(ada);
    const victim = newBrowser();
    const attacker = newBrowser();
    const ofAttacker = await cameBack(attacker);
    expect((await newBrowser().open(ofAttacker)).status).toBe(400);
    await cameBack(victim);
    const { status, text } = await victim.open(ofAttacker);
    expect([status, JSON.parse(text)]).toMatchObject([401, { code: 'sign_in_failed' }]);
    ofAttacker.searchParams.delete('state');
    expect((await attacker.open(ofAttacker)).status).toBe(401);
  });

  test('refuses what says that it comes from another issuer (mix-up)', async () => {
    await provider.signsIn(ada);
    const browser = newBrowser();
    const back = await cameBack(browser);
    back.searchParams.set('iss', 'https://evil.example');
    expect((await browser.open(back)).status).toBe(401);
  });

  test('tells that the provider refused', async () => {
    const browser = newBrowser();
    const back = await cameBack(browser);
    back.searchParams.delete('code');
    back.searchParams.set('error', 'access_denied');
    const { status, text } = await browser.open(back);
    expect([status, JSON.parse(text)]).toMatchObject([401, { code: 'sign_in_failed' }]);
  });
});

describe('signing in with GitHub', () => {
  let gitHub: Server;
  let gitHubUrl: string;
  let ours: TestApp;
  let emails: object[] = [];

  beforeAll(async () => {
    // Speaks what GitHub Enterprise does at these addresses: it has no discovery and no ID tokens.
    gitHub = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://github.test');
      const json = (body: unknown) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
      if (pathname === '/login/oauth/authorize') {
        const to = new URL(searchParams.get('redirect_uri') ?? '');
        to.search = new URLSearchParams({ code: 'of-github', state: searchParams.get('state') ?? '' }).toString();
        response.writeHead(302, { Location: to.href }).end();
      } else if (pathname === '/login/oauth/access_token') {
        json({ access_token: 'gho_of_the_tests', token_type: 'bearer', scope: 'read:user,user:email' });
      } else if (request.headers.authorization !== 'Bearer gho_of_the_tests') {
        response.writeHead(401).end();
      } else json(pathname === '/api/v3/user' ? { id: 583231, login: 'octocat', email: 'public@example.org' } : emails);
    });
    await new Promise<void>((resolve) => void gitHub.listen(0, '127.0.0.1', resolve));
    gitHubUrl = `http://127.0.0.1:${(gitHub.address() as AddressInfo).port}`;
    ours = await startTestApp({
      env: { ANNALS_OIDC_KIND: 'github', ANNALS_OIDC_ISSUER: gitHubUrl, ANNALS_OIDC_CLIENT_ID: 'annals' },
    });
  });

  afterAll(async () => {
    await ours.close();
    gitHub.close();
    gitHub.closeAllConnections();
  });

  const sign = () => {
    const query = new URLSearchParams({ challenge, returnTo }).toString();
    return new Browser(ours.url, [gitHubUrl]).open(`${ours.url}/api/v1/auth/oidc/start?${query}`);
  };

  test('goes by the primary address, when it is verified', async () => {
    emails = [
      { email: 'other@example.org', primary: false, verified: true },
      { email: 'octo@example.org', primary: true, verified: false },
    ];
    const refused = await sign();
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([403, { code: 'email_not_verified' }]);

    emails = [{ email: 'octo@example.org', primary: true, verified: true }];
    const { url } = await sign();
    const body = { code: url.searchParams.get('code'), verifier };
    const reply = await ours.request('POST', '/api/v1/auth/oidc/token', { token: null, body });
    expect(reply.status, reply.text).toBe(200);
    const { accessToken } = reply.body as SignedIn;
    const who = await ours.request('GET', '/api/v1/auth/me', { token: accessToken });
    expect(who.body).toMatchObject({ username: 'octocat', email: 'octo@example.org', roles: ['developer'] });
  });
});
