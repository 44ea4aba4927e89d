import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { decodeJwt, importJWK, SignJWT, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type Reply, type TestApp } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { Browser } from './support/browser.ts';
import { auth, ClientMemory, redirectUri, withOAuth } from './support/oauth-client.ts';
import { startIdentityProvider, type StartedProvider } from './support/start-identity-provider.ts';
import { subscribe } from './support/subscribe.ts';

const publicUrl = 'http://127.0.0.1:45873';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = privateKey.export({ format: 'jwk' }) as JWK;

let provider: StartedProvider;
let app: TestApp;

beforeAll(async () => {
  provider = await startIdentityProvider(redirectUri, { resources: [publicUrl, `${publicUrl}/mcp`], key });
  app = await startTestApp({
    http: { feed: { stallMs: 10_000, beatMs: 60_000, renewMs: 100 } },
    env: {
      ANNALS_PUBLIC_URL: publicUrl,
      ANNALS_OAUTH_ISSUER: provider.issuer,
      ANNALS_OIDC_ROLES_CLAIM: 'groups',
      ANNALS_OIDC_ROLES: 'staff=developer,auditors=auditor',
    },
  });
});

afterAll(async () => {
  await app.close();
  await provider.close();
});

/** The address that the server is known by is not the one that it listens on, as behind a proxy. */
const throughProxy: typeof fetch = (input, init) => {
  const address = new URL(input instanceof Request ? input.url : input);
  return fetch(address.origin === publicUrl ? new URL(address.pathname + address.search, app.url) : address, init);
};

const person = (name: string, more: object = {}) => ({
  sub: `${name}-1`,
  email: `${name}@example.org`,
  email_verified: true,
  preferred_username: name,
  groups: ['staff'],
  ...more,
});

/** What the provider says in an access token for somebody, signed as it signs. A claim that is undefined is left out. */
async function signed(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
  signing: JWK = key,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all: Record<string, unknown> = {
    iss: provider.issuer,
    aud: publicUrl,
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
    client_id: 'a-client',
    scope: 'mcp:read',
    ...claims,
  };
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(said)
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one', ...header })
    .sign(await importJWK(signing, 'RS256'));
}

const mcps = (token: string): Promise<Reply> => app.request('GET', '/api/v1/mcps', { token });
const metadata = '/.well-known/oauth-protected-resource';

async function userCalled(username: string) {
  const headers = { 'X-Wait-For-Position': String(await app.head()) };
  const reply = await app.request('GET', `/api/v1/users?username=${username}`, { headers });
  return (reply.body as { items: readonly { id: string; roles: readonly string[] }[] }).items;
}

describe('with an authorization server elsewhere', () => {
  test('the client of the official SDK finds it from a 401, and its token is good', async () => {
    await provider.signsIn(person('ada'));
    const memory = new ClientMemory();
    const call = withOAuth(memory, publicUrl)(throughProxy);
    await expect(call(`${publicUrl}/api/v1/mcps`)).rejects.toThrow('requires user authorization');
    expect(memory.sentTo?.origin).toBe(provider.issuer);
    const { url } = await new Browser(provider.issuer).open(memory.sentTo ?? '');
    const authorizationCode = url.searchParams.get('code') ?? expect.fail(url.href);
    const options = { serverUrl: publicUrl, authorizationCode, fetchFn: throughProxy };
    expect(await auth(memory, options)).toBe('AUTHORIZED');
    const answer = await call(`${publicUrl}/api/v1/mcps`);
    expect([answer.status, await answer.json()]).toEqual([200, { items: [], nextCursor: null }]);
    expect(decodeJwt(memory.kept?.access_token ?? '')).toMatchObject({ iss: provider.issuer, aud: publicUrl });
    expect(await userCalled('ada')).toMatchObject([{ roles: ['developer'] }]);
  });

  test('there is none here, and the metadata of the resource names that one alone', async () => {
    const { body } = await app.request('GET', metadata, { token: null });
    expect(body).toMatchObject({ resource: publicUrl, authorization_servers: [provider.issuer] });
    for (const [method, path] of [
      ['GET', '/.well-known/oauth-authorization-server/oauth'],
      ['GET', '/oauth/.well-known/openid-configuration'],
      ['GET', '/oauth/authorize?client_id=x'],
      ['POST', '/oauth/token'],
      ['POST', '/oauth/register'],
      ['POST', '/oauth/revoke'],
    ] as const) {
      const reply = await app.request(method, path, { token: null, ...(method === 'POST' ? { body: {} } : {}) });
      expect(reply, path).toMatchObject({ status: 404, body: { code: 'oauth_unavailable' } });
    }
  });

  test('a token does what its scopes say and its user may', async () => {
    const token = await signed(person('grace'));
    expect((await mcps(token)).status).toBe(200);
    const executions = await app.request('GET', '/api/v1/executions', { token });
    expect(executions).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    const all = await signed(person('grace', { scope: 'openid mcp:read user:manage system:read' }));
    expect(await app.request('GET', '/api/v1/users', { token: all })).toMatchObject({
      status: 403,
      body: { code: 'permission_missing' },
    });
    expect((await mcps(await signed(person('grace', { scope: undefined })))).status).toBe(403);
    const key = { name: 'kept', scopes: ['mcp:read'] };
    const made = await app.request('POST', '/api/v1/api-keys', {
      token: await signed(person('grace', { scope: 'self:manage' })),
      body: key,
    });
    expect(made).toMatchObject({ status: 403, body: { code: 'session_required' } });
  });

  test('opens streams and sockets as it does the API', async () => {
    const token = await signed(person('aud', { groups: ['auditors'], scope: 'event:read' }));
    const stream = await openSse(`${app.url}/api/v1/events/stream`, { Authorization: `Bearer ${token}` });
    expect(stream.status).toBe(200);
    stream.close();
    expect(await subscribe(app, token, 'events', 'with a token from elsewhere')).toBeUndefined();
    expect(await subscribe(app, await signed(person('aud', { groups: ['auditors'] })), 'events', 'without')).toBe(
      'insufficient_scope',
    );
  });
});

describe('a token from elsewhere is refused', () => {
  const now = Math.floor(Date.now() / 1000);
  const bad: readonly (readonly [string, () => Promise<string>])[] = [
    ['for another audience', () => signed(person('eve', { aud: 'https://elsewhere.example' }))],
    ['for the MCP gateway', () => signed(person('eve', { aud: `${publicUrl}/mcp` }))],
    ['for no audience', () => signed(person('eve', { aud: undefined }))],
    ['of another issuer', () => signed(person('eve', { iss: 'https://login.elsewhere.example' }))],
    ['of an issuer that is almost the same', () => signed(person('eve', { iss: `${provider.issuer}/` }))],
    ['that is over', () => signed(person('eve', { iat: now - 600, exp: now - 1 }))],
    ['that never ends', () => signed(person('eve', { exp: undefined }))],
    ['that is not good yet', () => signed(person('eve', { nbf: now + 3600 }))],
    ['from the future', () => signed(person('eve', { iat: now + 3600, exp: now + 7200 }))],
    ['of nobody', () => signed(person('eve', { sub: undefined }))],
    ['that is an ID token', () => signed(person('eve', { nonce: 'n' }), { typ: 'JWT' })],
    ['of another type', () => signed(person('eve'), { typ: 'logout+jwt' })],
    ['of a key that the issuer does not have', () => signed(person('eve'), { kid: 'two' })],
    [
      'signed by somebody else’s key under its name',
      async () => {
        const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
        return signed(person('eve'), {}, other.export({ format: 'jwk' }));
      },
    ],
    [
      'that brings its own key',
      async () => {
        const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
        const jwk = other.publicKey.export({ format: 'jwk' });
        return signed(person('eve'), { kid: 'mine', jwk }, other.privateKey.export({ format: 'jwk' }));
      },
    ],
    [
      'without a signature',
      async () => {
        const [, payload = ''] = (await signed(person('eve'))).split('.');
        const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: 'one' })).toString('base64url');
        return `${header}.${payload}.`;
      },
    ],
    [
      'signed by HS256 with the public key',
      async () => {
        const spki = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' });
        const claims = decodeJwt(await signed(person('eve')));
        const header = { alg: 'HS256', typ: 'at+jwt', kid: 'one' };
        return new SignJWT(claims).setProtectedHeader(header).sign(Buffer.from(spki));
      },
    ],
  ];

  test.each(bad)('%s', async (_name, make) => {
    const reply = await mcps(await make());
    expect([reply.status, (reply.body as { code: string }).code], reply.text).toEqual([401, 'invalid_token']);
    const challenge = reply.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="invalid_token"');
    expect(challenge).toContain(`resource_metadata="${publicUrl}${metadata}"`);
    expect(await userCalled('eve')).toEqual([]);
  });

  test('when our own authorization server is off, also what that gave', async () => {
    const reply = await mcps(await signed({ iss: `${publicUrl}/oauth`, sub: 'x', gid: 'x', use: 'oauth' }));
    expect(reply.status).toBe(401);
  });
});

describe('who a token from elsewhere is of', () => {
  test('is known by issuer and subject: a changed address is the same person', async () => {
    expect((await mcps(await signed(person('linus')))).status).toBe(200);
    const token = await signed(person('linus', { email: 'somebody@example.org', scope: 'self:manage' }));
    const me = await app.request('GET', '/api/v1/auth/me', { token });
    expect(me.body).toMatchObject({ username: 'linus', email: 'linus@example.org' });
  });

  test('is not known by an address that nobody has verified', async () => {
    const victim = await app.newUser();
    for (const verified of [false, 'true', undefined]) {
      const claims = { sub: 'mallory', email: `${victim.username}@example.org`, email_verified: verified };
      expect(await mcps(await signed(claims))).toMatchObject({ status: 403, body: { code: 'email_not_verified' } });
    }
  });

  test('and whoever registered his address before has no way in any more', async () => {
    const squatter = await app.newUser();
    const name = squatter.username;
    expect((await mcps(squatter.token)).status).toBe(200);
    expect((await mcps(await signed(person(name)))).status).toBe(200);
    expect((await mcps(squatter.token)).status).toBe(401);
    const body = { username: name, password: squatter.password };
    expect((await app.request('POST', '/api/v1/auth/login', { token: null, body })).status).toBe(401);
  });

  test('makes one account, however many requests come with it at once', async () => {
    const tokens = await Promise.all([1, 2, 3, 4].map(() => signed(person('many'))));
    const replies = await Promise.all(tokens.map(mcps));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await userCalled('many')).toHaveLength(1);
  });

  test('has the roles that the newest word gives, however late an older one comes', async () => {
    const now = Math.floor(Date.now() / 1000);
    const older = await signed(person('roles', { iat: now - 100, groups: ['staff'] }));
    expect((await mcps(await signed(person('roles', { groups: ['auditors'] })))).status).toBe(200);
    expect(await userCalled('roles')).toMatchObject([{ roles: ['auditor'] }]);
    expect((await mcps(older)).status).toBe(200);
    expect(await userCalled('roles')).toMatchObject([{ roles: ['auditor'] }]);
    const newer = await signed(person('roles', { iat: Math.floor(Date.now() / 1000) + 2 }));
    expect((await mcps(newer)).status).toBe(200);
    expect(await userCalled('roles')).toMatchObject([{ roles: ['developer'] }]);
  });
});

describe('the setting of our own authorization server', () => {
  const started = async (env: Record<string, string>, look: (ours: TestApp) => Promise<void>): Promise<void> => {
    const ours = await startTestApp({ env: { ANNALS_PUBLIC_URL: publicUrl, ...env } });
    try {
      await look(ours);
    } finally {
      await ours.close();
    }
  };
  const get = (ours: TestApp, path: string) => ours.request('GET', path, { token: null });

  test('on keeps it beside the other: both are named, and tokens of both are good', async () => {
    const env = { ANNALS_OAUTH_ISSUER: provider.issuer, ANNALS_OAUTH_SERVER: 'on' };
    await started(env, async (ours) => {
      const { body } = await get(ours, metadata);
      expect(body).toMatchObject({ authorization_servers: [provider.issuer, `${publicUrl}/oauth`] });
      expect((await get(ours, '/.well-known/oauth-authorization-server/oauth')).status).toBe(200);
      const token = await signed(person('ada'));
      expect((await ours.request('GET', '/api/v1/mcps', { token })).status).toBe(200);
    });
  });

  test('off without another is no OAuth, and a refusal names no metadata', async () => {
    await started({ ANNALS_OAUTH_SERVER: 'off' }, async (ours) => {
      expect(await get(ours, metadata)).toMatchObject({ status: 404, body: { code: 'oauth_unavailable' } });
      expect((await get(ours, '/.well-known/oauth-authorization-server/oauth')).status).toBe(404);
      const refused = await get(ours, '/api/v1/mcps');
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="annals"']);
    });
  });

  test('with refused newcomers, somebody whom nobody knows gets no account', async () => {
    const env = { ANNALS_OAUTH_ISSUER: provider.issuer, ANNALS_OIDC_NEW_USERS: 'refuse' };
    await started(env, async (ours) => {
      const token = await signed(person('newcomer'));
      const reply = await ours.request('GET', '/api/v1/mcps', { token });
      expect(reply).toMatchObject({ status: 403, body: { code: 'user_unknown' } });
    });
  });
});

test('while the issuer is away, the keys that it told go on', async () => {
  const token = await signed(person('ada'));
  expect((await mcps(token)).status).toBe(200);
  await provider.close();
  expect((await mcps(await signed(person('ada')))).status).toBe(200);
});
