import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSigningKeys } from '../../src/http/auth/signing-keys.ts';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { Browser, formOf, signInAndAllow } from './support/browser.ts';
import { auth, ClientMemory, redirectUri, withOAuth } from './support/oauth-client.ts';

const jwtSecret = randomBytes(48).toString('base64');
const verifier = 'a-verifier-of-forty-three-characters-or-more-1';
const challenge = createHash('sha256').update(verifier).digest('base64url');

let app: TestApp;
let user: User;
let clientId: string;

beforeAll(async () => {
  app = await startTestApp({ env: { ANNALS_JWT_SECRET: jwtSecret } });
  user = await app.newUser();
  clientId = await register({ client_name: 'A client', redirect_uris: [redirectUri] });
});

afterAll(() => app.close());

async function register(metadata: object): Promise<string> {
  const reply = await app.request('POST', '/oauth/register', { token: null, body: metadata });
  expect(reply.status, reply.text).toBe(201);
  return (reply.body as { client_id: string }).client_id;
}

/** Where a client sends its user. A parameter that is undefined is left out. */
function authorizationUrl(changed: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'of the client',
    scope: 'mcp:read',
    resource: app.url,
    ...changed,
  };
  const given = Object.entries<string | undefined>(parameters).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return `${app.url}/oauth/authorize?${new URLSearchParams(given).toString()}`;
}

async function codeFor(changed: Readonly<Record<string, string | undefined>> = {}): Promise<string> {
  const back = await signInAndAllow(new Browser(app.url), authorizationUrl(changed), user);
  return back.searchParams.get('code') ?? expect.fail(back.href);
}

interface TokenReply {
  readonly status: number;
  readonly body: { access_token: string; refresh_token: string; scope: string; error: string };
}

async function token(fields: Readonly<Record<string, string>>): Promise<TokenReply> {
  const body = new URLSearchParams({ client_id: clientId, ...fields });
  const answer = await fetch(`${app.url}/oauth/token`, { method: 'POST', body });
  return { status: answer.status, body: (await answer.json()) as TokenReply['body'] };
}

const exchange = (code: string, changed: Readonly<Record<string, string>> = {}) =>
  token({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier, ...changed });

const mcps = (accessToken: string) => app.request('GET', '/api/v1/mcps', { token: accessToken });

describe('the client of the official SDK', () => {
  test('finds its way by itself: from a 401 to metadata, registration, consent, tokens, a call, and a refresh', async () => {
    const memory = new ClientMemory();
    const call = withOAuth(memory, app.url)(fetch);
    await expect(call(`${app.url}/api/v1/mcps`)).rejects.toThrow('requires user authorization');
    const back = await signInAndAllow(new Browser(app.url), memory.sentTo ?? '', user);
    expect(back.searchParams.get('state')).toBe('state-of-the-client');
    expect(back.searchParams.get('iss')).toBe(`${app.url}/oauth`);

    const authorizationCode = back.searchParams.get('code') ?? '';
    expect(await auth(memory, { serverUrl: app.url, authorizationCode })).toBe('AUTHORIZED');
    const answer = await call(`${app.url}/api/v1/mcps`);
    expect([answer.status, await answer.json()]).toEqual([200, { items: [], nextCursor: null }]);

    const before = memory.kept;
    expect(await auth(memory, { serverUrl: app.url })).toBe('AUTHORIZED');
    expect(memory.kept?.access_token).not.toBe(before?.access_token);
    expect(memory.kept?.refresh_token).not.toBe(before?.refresh_token);
    expect((await call(`${app.url}/api/v1/mcps`)).status).toBe(200);
  });
});

describe('what is published', () => {
  test('names the resource, its authorization server, and the ways there are', async () => {
    const get = async (path: string) => (await app.request('GET', path, { token: null })).body;
    const server = { authorization_servers: [`${app.url}/oauth`], bearer_methods_supported: ['header'] };
    expect(await get('/.well-known/oauth-protected-resource')).toMatchObject({ ...server, resource: app.url });
    expect(await get('/.well-known/oauth-protected-resource/mcp')).toMatchObject({
      ...server,
      resource: `${app.url}/mcp`,
    });
    for (const path of ['/.well-known/oauth-authorization-server/oauth', '/oauth/.well-known/openid-configuration']) {
      expect(await get(path)).toMatchObject({
        issuer: `${app.url}/oauth`,
        authorization_endpoint: `${app.url}/oauth/authorize`,
        token_endpoint: `${app.url}/oauth/token`,
        registration_endpoint: `${app.url}/oauth/register`,
        revocation_endpoint: `${app.url}/oauth/revoke`,
        jwks_uri: `${app.url}/.well-known/jwks.json`,
        code_challenge_methods_supported: ['S256'],
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_methods_supported: ['none'],
        client_id_metadata_document_supported: true,
      });
    }
  });

  test('does not follow the Host that a request names', async () => {
    const path = '/.well-known/oauth-authorization-server/oauth';
    const headers = {
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      Forwarded: 'host=evil.example',
    };
    const plain = await app.request('GET', path, { token: null });
    expect((await app.request('GET', path, { token: null, headers })).text).toBe(plain.text);
  });
});

describe('a token', () => {
  test('may do what its user may and its scopes say, and is told what else it would need', async () => {
    const { body } = await exchange(await codeFor());
    expect(body.scope).toBe('mcp:read');
    expect((await mcps(body.access_token)).status).toBe(200);
    const refused = await app.request('GET', '/api/v1/executions', { token: body.access_token });
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer realm="annals", error="insufficient_scope", scope="execution:read", ` +
        `resource_metadata="${app.url}/.well-known/oauth-protected-resource"`,
    );
  });

  test('gives nothing that its user does not have', async () => {
    const { body } = await exchange(await codeFor({ scope: 'mcp:read user:manage' }));
    const reply = await app.request('GET', '/api/v1/users', { token: body.access_token });
    expect(reply).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
  });

  test('cannot make credentials that outlive it', async () => {
    const { body } = await exchange(await codeFor({ scope: 'self:manage' }));
    const key = { name: 'kept', scopes: ['self:manage'] };
    const reply = await app.request('POST', '/api/v1/api-keys', { token: body.access_token, body: key });
    expect(reply).toMatchObject({ status: 403, body: { code: 'session_required' } });
  });

  test('for another resource is refused', async () => {
    const { body } = await exchange(await codeFor({ resource: `${app.url}/mcp` }));
    const reply = await mcps(body.access_token);
    expect(reply).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    expect(reply.headers.get('www-authenticate')).toMatch(/error="invalid_token".*resource_metadata=/);
  });

  test.each([
    ['another issuer', { iss: 'https://evil.example/oauth' }],
    ['another audience', { aud: 'https://evil.example' }],
    ['several audiences', { aud: ['https://evil.example'] }],
    ['a grant that there is not', { gid: 'none' }],
    ['another use', { use: 'access' }],
  ])('that our own key signed for %s is refused', async (_name, changed) => {
    const { body } = await exchange(await codeFor());
    const [, payload = ''] = body.access_token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const { kid, sign } = createSigningKeys({ algorithm: 'EdDSA', secrets: [jwtSecret] }).current(Date.now());
    const signed = (content: Record<string, unknown>) =>
      new SignJWT(content).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid }).sign(sign);
    expect((await mcps(await signed(claims))).status).toBe(200);
    expect((await mcps(await signed({ ...claims, ...changed }))).status).toBe(401);
  });

  test('is over at once when its grant is revoked by its refresh token', async () => {
    const { body } = await exchange(await codeFor());
    expect((await mcps(body.access_token)).status).toBe(200);
    const revoked = await fetch(`${app.url}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: body.refresh_token, client_id: clientId }),
    });
    expect(revoked.status).toBe(200);
    await expect.poll(async () => (await mcps(body.access_token)).status).toBe(401);
    expect(await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });
});

describe('codes and refresh tokens', () => {
  test('are good once: a code that comes again takes back what it gave', async () => {
    const code = await codeFor();
    const { body } = await exchange(code);
    expect(await exchange(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await expect.poll(async () => (await mcps(body.access_token)).status).toBe(401);
  });

  test('of two that use a code at once, one gets tokens at most', async () => {
    const code = await codeFor();
    const replies = await Promise.all([exchange(code), exchange(code), exchange(code)]);
    expect(replies.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(replies.map(({ status }) => status)).toContain(400);
  });

  test('a refresh token that comes again ends the family', async () => {
    const first = (await exchange(await codeFor())).body;
    const refresh = (refreshToken: string) => token({ grant_type: 'refresh_token', refresh_token: refreshToken });
    const second = (await refresh(first.refresh_token)).body;
    expect((await mcps(second.access_token)).status).toBe(200);
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await refresh(second.refresh_token)).toMatchObject({ status: 400 });
    await expect.poll(async () => (await mcps(second.access_token)).status).toBe(401);
  });

  test('a refresh cannot widen the scopes', async () => {
    const { body } = await exchange(await codeFor());
    const wider = { grant_type: 'refresh_token', refresh_token: body.refresh_token, scope: 'mcp:read mcp:write' };
    expect(await token(wider)).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });

  test('a code is for the client, the redirect and the verifier that it was given for', async () => {
    const other = await register({ client_name: 'Another', redirect_uris: [redirectUri] });
    for (const changed of [
      { client_id: other },
      { redirect_uri: 'http://localhost:33418/elsewhere' },
      { code_verifier: 'another-verifier-of-forty-three-characters-or-more' },
      { resource: 'https://evil.example' },
    ]) {
      expect((await exchange(await codeFor(), changed)).status, JSON.stringify(changed)).toBe(400);
    }
    const code = await codeFor();
    const without = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    expect(await token(without)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });
});

describe('a request for access', () => {
  test('without PKCE, or with a challenge that is the verifier, is refused', async () => {
    for (const changed of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain', code_challenge: verifier },
      { code_challenge_method: undefined },
    ]) {
      const { url } = await new Browser(app.url).open(authorizationUrl(changed));
      expect(url.searchParams.get('error'), url.href).toBe('invalid_request');
      expect(url.searchParams.has('code')).toBe(false);
    }
  });

  test.each([
    'https://evil.example/callback',
    'http://localhost:33418/callback/../other',
    'http://localhost:33418/callback?more=1',
    'http://localhost.evil.example:33418/callback',
    'http://user@localhost:33418/callback',
    'javascript:alert(1)',
    '//evil.example',
  ])('for a redirect that is not registered leads nowhere: %s', async (address) => {
    const { status, url, text } = await new Browser(app.url).open(authorizationUrl({ redirect_uri: address }));
    expect([status, url.origin]).toEqual([400, app.url]);
    expect(text).toContain('<code>invalid_redirect_uri</code>');
    expect(text).not.toContain('<script');
  });

  test.each([{ response_type: 'token' }, { response_type: 'id_token' }, { response_mode: 'web_message' }])(
    'of another kind is refused: %o',
    async (changed) => {
      const { url } = await new Browser(app.url).open(authorizationUrl(changed));
      expect(url.searchParams.get('code') ?? url.hash).not.toMatch(/token/);
      expect(url.href).toMatch(/error=(unsupported_response|unauthorized_client|invalid_request)|\/oauth\/authorize/);
    },
  );

  test('for a resource that is not ours is refused', async () => {
    const { url } = await new Browser(app.url).open(authorizationUrl({ resource: 'https://evil.example' }));
    expect(url.searchParams.get('error')).toBe('invalid_target');
  });

  test.each(['password', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code', 'implicit'])(
    'by the grant type %s is refused',
    async (grantType) => {
      const reply = await token({ grant_type: grantType, username: user.username, password: user.password });
      expect(reply).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
    },
  );

  test('gives only what the user ticked', async () => {
    const browser = new Browser(app.url);
    const login = await browser.open(authorizationUrl({ scope: 'mcp:read mcp:write' }));
    const consent = await browser.submit(
      formOf(login, { username: user.username, password: user.password, answer: 'login' }),
    );
    expect(consent.text).toContain('value="mcp:write" checked');
    const form = formOf(consent, { answer: 'consent' });
    form.fields.delete('scope');
    form.fields.append('scope', 'mcp:read');
    form.fields.append('scope', 'user:manage');
    const code = (await browser.submit(form)).url.searchParams.get('code') ?? '';
    expect((await exchange(code)).body.scope).toBe('mcp:read');
  });

  test('that the user refuses tells the client so', async () => {
    const browser = new Browser(app.url);
    const login = await browser.open(authorizationUrl());
    const { url } = await browser.submit(formOf(login, { answer: 'abort' }));
    expect([url.searchParams.get('error'), url.searchParams.get('state')]).toEqual(['access_denied', 'of the client']);
  });
});

describe('the pages of a sign-in', () => {
  test('run nothing, load nothing, stand in no frame, and send their form nowhere else', async () => {
    const { headers, text } = await new Browser(app.url).open(authorizationUrl());
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self' http://localhost:33418");
    expect(policy).not.toContain('unsafe');
    expect(text).not.toMatch(/<script|<img|<link|https?:\/\/(?!localhost)/);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('show what a client calls itself as text', async () => {
    const name = '<script>alert(1)</script>"><img src=x>';
    const client = await register({ client_name: name, redirect_uris: [redirectUri] });
    const { text } = await new Browser(app.url).open(authorizationUrl({ client_id: client }));
    expect(text).not.toMatch(/<script|<img/);
    expect(text).toContain('&lt;script&gt;');
  });

  test('set cookies that no script reads and no other site sends', async () => {
    const browser = new Browser(app.url);
    await browser.open(authorizationUrl());
    expect(browser.setCookies.length).toBeGreaterThan(0);
    for (const cookie of browser.setCookies)
      expect(cookie.toLowerCase()).toMatch(/samesite=lax.*httponly|httponly.*samesite=lax/);
  });

  test('take no form from another place, without its proof, or from another browser (CSRF)', async () => {
    const browser = new Browser(app.url);
    const login = await browser.open(authorizationUrl());
    const consent = await browser.submit(
      formOf(login, { username: user.username, password: user.password, answer: 'login' }),
    );
    const form = formOf(consent, { answer: 'consent' });
    for (const origin of ['https://evil.example', 'null', 'http://localhost']) {
      expect((await browser.submit(form, { Origin: origin })).status, origin).toBe(403);
    }
    const unproven = formOf(consent, { answer: 'consent', proof: 'x'.repeat(64) });
    expect((await browser.submit(unproven)).status).toBe(403);
    const ofLogin = formOf(login, { answer: 'consent' });
    expect((await browser.submit({ ...form, fields: ofLogin.fields })).status).toBe(403);
    expect((await new Browser(app.url).submit(form)).status).toBe(400);
    // The form itself is good still.
    expect((await browser.submit(form)).url.searchParams.get('code')).toMatch(/./);
  });

  test('do not go on in another sign-in of the same browser', async () => {
    const browser = new Browser(app.url);
    const one = formOf(await browser.open(authorizationUrl()), { ...user, answer: 'login' });
    const other = formOf(await browser.open(authorizationUrl({ state: 'other' })), { ...user, answer: 'login' });
    expect((await browser.submit({ action: one.action, fields: other.fields })).status).toBe(403);
  });

  test('limit guessing as the API does, with one budget', async () => {
    const guessed = await app.newUser();
    const browser = new Browser(app.url);
    const login = await browser.open(authorizationUrl());
    const form = formOf(login, { username: guessed.username, password: 'wrong', answer: 'login' });
    for (let n = 0; n < 10; n++) expect((await browser.submit(form)).status).toBe(401);
    expect((await browser.submit(form)).status).toBe(429);
    const { username, password } = guessed;
    const reply = await app.request('POST', '/api/v1/auth/login', { token: null, body: { username, password } });
    expect(reply.status).toBe(429);
  });
});

describe('clients', () => {
  test.each([
    ['a scheme that is a program', { redirect_uris: ['javascript:alert(1)'] }],
    ['plain http to another machine', { redirect_uris: ['http://example.org/callback'] }],
    ['a fragment', { redirect_uris: ['https://example.org/callback#x'] }],
    ['a user in the address', { redirect_uris: ['https://bank.example@evil.example/'] }],
    ['no redirect', { redirect_uris: [] }],
    ['a name that cannot be seen', { redirect_uris: [redirectUri], client_name: 'a\u202Eb' }],
    ['the implicit response', { redirect_uris: [redirectUri], response_types: ['token'] }],
    ['too much', { redirect_uris: [redirectUri], contacts: Array.from({ length: 900 }, () => 'a@example.org') }],
    ['nothing at all', []],
  ])('are not registered with %s', async (_name, body) => {
    const before = await app.head();
    const reply = await app.request('POST', '/oauth/register', { token: null, body });
    expect(reply.status, reply.text).toBe(400);
    expect(await app.head()).toBe(before);
  });

  test('get no secret, whatever they ask for', async () => {
    const body = {
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'openid all',
    };
    const reply = await app.request('POST', '/oauth/register', { token: null, body });
    expect(reply.body).toMatchObject({ token_endpoint_auth_method: 'none' });
    expect(reply.text).not.toContain('secret');
  });

  test('named by a metadata document inside the network are not fetched', async () => {
    let connections = 0;
    const inside = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => void inside.listen(0, '127.0.0.1', resolve));
    const { port } = inside.address() as AddressInfo;
    const strong = randomBytes(24).toString('base64url');
    const publicApp = await startTestApp({
      adminPassword: strong,
      env: { ANNALS_HOST: '0.0.0.0', ANNALS_ADMIN_PASSWORD: strong, ANNALS_PUBLIC_URL: 'http://127.0.0.1:1' },
    });
    const ask = async (url: string, id: string) => {
      const query = new URLSearchParams({ client_id: id, response_type: 'code' }).toString();
      const { status, text } = await new Browser(url).open(`${url}/oauth/authorize?${query}`);
      expect([status, text], id).toEqual([400, expect.stringContaining('<code>invalid_client</code>')]);
    };
    try {
      for (const host of ['127.0.0.1', 'localhost', '0x7f000001', '2130706433', '[::ffff:127.0.0.1]', '127.1']) {
        await ask(publicApp.url, `https://${host}:${port}/client.json`);
      }
      await ask(publicApp.url, 'https://169.254.169.254/latest/meta-data/');
      await ask(publicApp.url, `http://127.0.0.1:${port}/client.json`);
      expect(connections).toBe(0);
      // A server for this machine alone may reach this machine: so the address would have been fetched.
      await ask(app.url, `https://127.0.0.1:${port}/client.json`);
      expect(connections).toBeGreaterThan(0);
    } finally {
      await publicApp.close();
      inside.close();
    }
  });
});

test('codes and refresh tokens outlast a restart, and are good once all the same', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'annals-oauth-'));
  const env = { ANNALS_DATA_DIR: directory };
  const before = await startTestApp({ env });
  const who = await before.newUser();
  const metadata = { client_name: 'A client', redirect_uris: [redirectUri] };
  const client = await before.request('POST', '/oauth/register', { token: null, body: metadata });
  const { client_id: id } = client.body as { client_id: string };
  const address = authorizationUrl({ client_id: id, resource: before.url }).replace(app.url, before.url);
  const codes: string[] = [];
  for (let n = 0; n < 2; n++) {
    const back = await signInAndAllow(new Browser(before.url), address, who);
    codes.push(back.searchParams.get('code') ?? '');
  }
  const ask = async (fields: Readonly<Record<string, string>>) => {
    const body = new URLSearchParams({ client_id: id, redirect_uri: redirectUri, code_verifier: verifier, ...fields });
    const answer = await fetch(`${before.url}/oauth/token`, { method: 'POST', body });
    return { status: answer.status, ...((await answer.json()) as Partial<TokenReply['body']>) };
  };
  const [used = '', unused = ''] = codes;
  const first = await ask({ grant_type: 'authorization_code', code: used });
  expect(first.status).toBe(200);
  await before.close();

  // The same address, as behind a proxy: it stands in the tokens.
  const after = await startTestApp({ env: { ...env, PORT: String(before.port) } });
  try {
    const listed = await after.request('GET', '/api/v1/mcps', { token: first.access_token ?? '' });
    expect(listed.status).toBe(200);
    const fresh = await ask({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' });
    expect(fresh.status).toBe(200);
    expect((await ask({ grant_type: 'authorization_code', code: unused })).status).toBe(200);
    expect((await ask({ grant_type: 'authorization_code', code: used })).error).toBe('invalid_grant');
    await expect
      .poll(async () => (await after.request('GET', '/api/v1/mcps', { token: fresh.access_token ?? '' })).status)
      .toBe(401);
  } finally {
    await after.close();
    await rm(directory, { recursive: true });
  }
});

test('what clients were allowed is on the record: who, which client, what, and by which way calls came', async () => {
  const { body } = await exchange(await codeFor());
  await app.request('GET', '/api/v1/executions', { token: body.access_token });
  const position = String(await app.head());
  const headers = { 'X-Wait-For-Position': position };
  const all = await app.request('GET', `/api/v1/events?limit=200&actor=user:${user.id}`, { headers });
  const { items } = all.body as { items: { type: string; data: unknown; metadata: { actor: string; via?: string } }[] };
  const via = `oauth-client:${clientId}`;
  expect(items).toContainEqual(
    expect.objectContaining({
      type: 'OAuthGrantGiven',
      data: expect.objectContaining({ userId: user.id, clientId, resources: { [app.url]: 'mcp:read' } }) as unknown,
    }),
  );
  const denied = items.filter(({ type, metadata }) => type === 'AccessDenied' && metadata.via === via);
  expect(denied.length).toBeGreaterThan(0);
  // Neither codes nor tokens stand in the log as they are.
  expect(all.text).not.toContain(body.refresh_token);
  expect(all.text).not.toContain(body.access_token);
});
