import { createHmac, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSigningKeys, rotationMs, type SigningAlgorithm } from '../../src/http/auth/signing-keys.ts';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';

const secret = 'a secret for tests that is long enough for keys';
const formerSecret = 'the secret that was in use before that one was';
const strangersSecret = 'another secret that is as long as the first one';

const hmac = (algorithm: string, key: string) => (text: string) =>
  createHmac(algorithm, key).update(text).digest('base64url');

function handMade(header: object, payload: object, signature: (text: string) => string): string {
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${signature(text)}`;
}

describe.each<SigningAlgorithm>(['EdDSA', 'HS256'])('SEC4: access tokens signed by %s', (algorithm) => {
  let app: TestApp;
  let user: User;
  beforeAll(async () => {
    app = await startTestApp({
      env: { ANNALS_JWT_SECRET: secret, ANNALS_JWT_SECRET_PREVIOUS: formerSecret, ANNALS_JWT_ALGORITHM: algorithm },
    });
    user = await app.newUser();
  });
  afterAll(() => app.close());

  const me = (token: string) => app.request('GET', '/api/v1/auth/me', { token });
  const now = () => Math.floor(Date.now() / 1000);
  const keyOf = (text: string, atMs = Date.now()) => createSigningKeys({ algorithm, secrets: [text] }).current(atMs);
  /** The claims of a good token, to be changed in one place. */
  const claims = () => decodeJwt(user.token);

  interface Change {
    readonly header?: object;
    readonly alg?: string;
    readonly key?: { readonly kid: string; readonly sign: KeyObject | Uint8Array };
  }
  const signed = (change: object, { header, alg = algorithm, key = keyOf(secret) }: Change = {}) =>
    new SignJWT({ ...claims(), ...change })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid: key.kid, ...header })
      .sign(key.sign);
  const without = async (...names: string[]) => {
    const rest = Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)));
    const key = keyOf(secret);
    return new SignJWT(rest).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: key.kid }).sign(key.sign);
  };

  describe('are good, so that the tests below fail for the reason they name,', () => {
    test('when signed like ours', async () => {
      expect(await me(await signed({}))).toMatchObject({ status: 200, body: { id: user.id } });
    });
    test('when signed with the secret of before', async () => {
      expect(await me(await signed({}, { key: keyOf(formerSecret) }))).toMatchObject({ status: 200 });
    });
    test('when the keys have changed since, or change soon on a clock that is ahead', async () => {
      for (const distance of [-rotationMs, rotationMs]) {
        const key = keyOf(secret, Date.now() + distance);
        expect(await me(await signed({}, { key }))).toMatchObject({ status: 200 });
      }
    });
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const ed25519 = createSigningKeys({ algorithm: 'EdDSA', secrets: [secret] }).current(Date.now());
  const ours = { typ: 'at+jwt', kid: keyOf(secret).kid };

  const attacks: Readonly<Record<string, () => string | Promise<string>>> = {
    'without a signature (alg none)': () => handMade({ ...ours, alg: 'none' }, claims(), () => ''),
    'with alg None in another spelling': () => handMade({ ...ours, alg: 'nOnE' }, claims(), () => ''),
    'without its signature': () => `${user.token.split('.').slice(0, 2).join('.')}.`,
    'signed by another key': () => signed({}, { key: { ...keyOf(strangersSecret), kid: ours.kid } }),
    'signed by another key that it names': () => signed({}, { key: keyOf(strangersSecret) }),
    'signed by HS512 with our secret': () => signed({}, { alg: 'HS512', key: { ...ours, sign: Buffer.from(secret) } }),
    'signed by the other algorithm with our secret': () => {
      const other = algorithm === 'EdDSA' ? 'HS256' : 'EdDSA';
      const { sign } = createSigningKeys({ algorithm: other, secrets: [secret] }).current(Date.now());
      return signed({}, { alg: other, key: { ...ours, sign } });
    },
    'signed by RS256': () => signed({}, { alg: 'RS256', key: { ...ours, sign: rsa.privateKey } }),
    'signed by HS256 with a public key': () => handMade({ ...ours, alg: 'HS256' }, claims(), hmac('sha256', pem)),
    'signed by HS256 with our public key': () =>
      handMade({ ...ours, alg: 'HS256' }, claims(), hmac('sha256', String(ed25519.verify))),
    'signed by HS256 with nothing': () => handMade({ ...ours, alg: 'HS256' }, claims(), hmac('sha256', '')),
    'that names a key of its own (kid)': () => signed({}, { header: { kid: '/dev/null' } }),
    'that names no key': () => signed({}, { header: { kid: undefined } }),
    'that brings a key of its own (jwk, jku)': () => {
      const key = generateKeyPairSync('ed25519');
      const header = { alg: 'EdDSA', jwk: key.publicKey.export({ format: 'jwk' }), jku: 'http://127.0.0.1/keys' };
      return signed({}, { alg: 'EdDSA', header, key: { ...ours, sign: key.privateKey } });
    },
    'signed by a key that is two changes old': () =>
      algorithm === 'EdDSA' ? signed({}, { key: keyOf(secret, Date.now() - 2 * rotationMs) }) : 'abc.abc.abc',
    'of another type': () => signed({}, { header: { typ: 'JWT' } }),
    'of another issuer': () => signed({ iss: 'somebody' }),
    'for another audience': () => signed({ aud: 'another-api' }),
    'that is expired': () => signed({ exp: now() - 1 }),
    'that is not good yet': () => signed({ nbf: now() + 60 }),
    'that was signed in the future': () => signed({ iat: now() + 3600, exp: now() + 4500 }),
    'that never expires': () => without('exp'),
    'that does not say when it was signed': () => without('iat'),
    'for another use': () => signed({ use: 'refresh' }),
    'of a session that never was': () => signed({ sid: randomUUID() }),
    'of somebody else’s session': () => signed({ sub: randomUUID() }),
    'that is a refresh token': () => user.refreshToken,
    'that is changed in one letter': () =>
      user.token.replace(/(.)(?=.{20}$)/, (letter) => (letter === 'A' ? 'B' : 'A')),
    'that is no token': () => 'abc',
  };

  test.each(Object.keys(attacks))('are refused %s', async (name) => {
    const reply = await me((await attacks[name]?.()) ?? '');
    expect(reply.status, reply.text).toBe(401);
    expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer realm="annals", error="invalid_token"/);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
  });

  test('can be checked by others with the published keys, if these may', async () => {
    const reply = await app.request('GET', '/.well-known/jwks.json', { token: null });
    expect(reply.status).toBe(200);
    const { keys } = reply.body as JSONWebKeySet;
    if (algorithm === 'HS256') {
      expect(keys).toEqual([]);
      return;
    }
    expect(JSON.stringify(keys)).not.toContain('"d"');
    expect(keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(user.token).kid);
    const set = createLocalJWKSet({ keys });
    const { payload } = await jwtVerify(user.token, set, { issuer: 'annals', audience: 'annals-api' });
    expect(payload.sub).toBe(user.id);
  });
});

describe('SEC4: tokens', () => {
  let app: TestApp;
  let user: User;

  beforeAll(async () => {
    app = await startTestApp();
    user = await app.newUser();
  });

  afterAll(() => app.close());

  const me = (token: string | null, headers = {}) => app.request('GET', '/api/v1/auth/me', { token, headers });

  test('no token, or one in a wrong place, is a 401 with a challenge', async () => {
    for (const headers of [
      {},
      { Authorization: 'Basic YTpi' },
      { Authorization: 'Bearer' },
      { Cookie: `token=${user.token}` },
    ]) {
      const reply = await me(null, headers);
      expect(reply.status).toBe(401);
      expect(reply.headers.get('www-authenticate')).toBe(
        `Bearer realm="annals", resource_metadata="${app.url}/.well-known/oauth-protected-resource"`,
      );
    }
    for (const name of ['access_token', 'token', 'auth_token', 'jwt']) {
      const reply = await app.request('GET', `/api/v1/auth/me?${name}=${user.token}`, { token: null });
      expect(reply.status).toBe(401);
      const body = await app.request('POST', '/api/v1/auth/logout', { token: null, body: { [name]: user.token } });
      expect(body.status).toBe(401);
    }
  });

  test('changed roles count with the next request', async () => {
    const someone = await app.newUser();
    const read = () => app.request('GET', '/api/v1/projections', { token: someone.token });
    const path = `/api/v1/users/${someone.id}/roles`;
    expect((await read()).status).toBe(200);
    expect((await app.request('PUT', path, { body: { roles: [] } })).status).toBe(200);
    expect((await read()).status).toBe(403);
    expect((await app.request('PUT', path, { body: { roles: ['auditor'] } })).status).toBe(200);
    expect((await read()).status).toBe(200);
  });

  test('a session that has ended is refused at once, and a second logout too', async () => {
    const someone = await app.newUser();
    expect((await me(someone.token)).status).toBe(200);
    const out = await app.request('POST', '/api/v1/auth/logout', { token: someone.token });
    expect([out.status, out.text]).toEqual([204, '']);
    expect(await me(someone.token)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
    const refresh = await app.request('POST', '/api/v1/auth/refresh', {
      token: null,
      body: { refreshToken: someone.refreshToken },
    });
    expect(refresh.status).toBe(401);
  });

  test('a refresh token is good once; used again, it ends the session for all', async () => {
    const someone = await app.newUser();
    const refresh = (refreshToken: string) =>
      app.request('POST', '/api/v1/auth/refresh', { token: null, body: { refreshToken } });
    const first = await refresh(someone.refreshToken);
    expect(first).toMatchObject({ status: 200, body: { tokenType: 'Bearer' } });
    const { accessToken, refreshToken } = first.body as { accessToken: string; refreshToken: string };
    expect((await me(accessToken)).status).toBe(200);
    expect((await me(someone.token)).status).toBe(200);

    expect((await refresh(someone.refreshToken)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await me(accessToken)).status).toBe(401);
    expect((await me(someone.token)).status).toBe(401);
  });

  test('a changed password ends the other sessions and keeps this one', async () => {
    const someone = await app.newUser();
    const other = await app.logIn(someone.username, someone.password);
    const change = (currentPassword: string) =>
      app.request('POST', '/api/v1/auth/password', {
        token: someone.token,
        body: { currentPassword, newPassword: 'an altogether new one' },
      });
    expect(await change('not it')).toMatchObject({ status: 422, body: { errors: [{ pointer: '/currentPassword' }] } });
    expect((await me(other.accessToken)).status).toBe(200);
    expect((await change(someone.password)).status).toBe(204);
    expect((await me(someone.token)).status).toBe(200);
    expect((await me(other.accessToken)).status).toBe(401);
    await expect(app.logIn(someone.username, someone.password)).rejects.toThrow('401');
    await app.logIn(someone.username, 'an altogether new one');
  });

  test('unknown users and wrong passwords are told alike', async () => {
    const body = (username: string) => ({ token: null, body: { username, password: 'a wrong one' } });
    const unknown = await app.request('POST', '/api/v1/auth/login', body('nobody'));
    const wrong = await app.request('POST', '/api/v1/auth/login', body(user.username));
    expect([unknown.status, wrong.status]).toEqual([401, 401]);
    const told = ({ body }: { body: unknown }) => ({ ...(body as object), correlationId: '' });
    expect(told(unknown)).toEqual(told(wrong));
  });

  test('answers that carry tokens may not be kept by anybody', async () => {
    const reply = await app.request('POST', '/api/v1/auth/login', {
      token: null,
      body: { username: user.username, password: user.password },
    });
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.get('set-cookie')).toBeNull();
  });

  test('of every session of the user are refused after logging out everywhere', async () => {
    const someone = await app.newUser();
    const elsewhere = await app.logIn(someone.username, someone.password);
    const another = await app.newUser();
    const out = await app.request('POST', '/api/v1/auth/logout', { token: someone.token, body: { everywhere: true } });
    expect(out.status).toBe(204);
    for (const token of [someone.token, elsewhere.accessToken]) {
      expect(await me(token)).toMatchObject({ status: 401, body: { code: 'session_ended' } });
    }
    for (const refreshToken of [someone.refreshToken, elsewhere.refreshToken]) {
      const refresh = await app.request('POST', '/api/v1/auth/refresh', { token: null, body: { refreshToken } });
      expect(refresh.status).toBe(401);
    }
    expect((await me(another.token)).status).toBe(200);
  });
});
