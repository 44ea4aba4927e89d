import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp, type User } from './support/app.ts';

const jwtSecret = 'a secret for tests that is long enough for HS256';

let app: TestApp;
let user: User;

beforeAll(async () => {
  app = await startTestApp({ env: { ANNALS_JWT_SECRET: jwtSecret } });
  user = await app.newUser();
});

afterAll(() => app.close());

const me = (token: string | null, headers = {}) => app.request('GET', '/api/v1/auth/me', { token, headers });

/** The claims of a good token, to be changed in one place. */
function claims(): Record<string, unknown> & { sub: string; sid: string } {
  return jwt.decode(user.token) as Record<string, unknown> & { sub: string; sid: string };
}

function signed(change: object, options: jwt.SignOptions = {}, secret: jwt.Secret = jwtSecret): string {
  return jwt.sign({ ...claims(), ...change }, secret, { algorithm: 'HS256', ...options });
}

function handMade(header: object, payload: object, signature: (text: string) => string): string {
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${signature(text)}`;
}

test('a token that is signed like ours is good, so that the tests below fail for the reason they name', async () => {
  expect(await me(signed({}))).toMatchObject({ status: 200, body: { id: user.id } });
});

describe('a token is refused', () => {
  const hmac = (algorithm: string, key: string) => (text: string) =>
    createHmac(algorithm, key).update(text).digest('base64url');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

  const attacks: Readonly<Record<string, () => string>> = {
    'without a signature (alg none)': () => handMade({ alg: 'none', typ: 'at+jwt' }, claims(), () => ''),
    'with alg None in another spelling': () => handMade({ alg: 'nOnE', typ: 'at+jwt' }, claims(), () => ''),
    'without its signature': () => `${user.token.split('.').slice(0, 2).join('.')}.`,
    'signed by another key': () => signed({}, {}, 'another secret that is as long as the first one'),
    'signed by HS512 with our key': () => signed({}, { algorithm: 'HS512' }),
    'signed by RS256': () => signed({}, { algorithm: 'RS256' }, privateKey),
    'signed by HS256 with a public key': () => handMade({ alg: 'HS256', typ: 'at+jwt' }, claims(), hmac('sha256', pem)),
    'that names a key of its own': () =>
      handMade({ alg: 'HS256', kid: '/dev/null', jku: 'http://127.0.0.1/keys' }, claims(), hmac('sha256', '')),
    'of another issuer': () => signed({ iss: 'somebody' }),
    'for another audience': () => signed({ aud: 'another-api' }),
    'that is expired': () => signed({ exp: Math.floor(Date.now() / 1000) - 1 }),
    'that is not good yet': () => signed({ nbf: Math.floor(Date.now() / 1000) + 60 }),
    'that never expires': () => {
      const { exp: _, ...rest } = claims();
      return jwt.sign(rest, jwtSecret, { algorithm: 'HS256' });
    },
    'for another use': () => signed({ use: 'refresh' }),
    'of a session that never was': () => signed({ sid: randomUUID() }),
    'of somebody else’s session': () => signed({ sub: randomUUID() }),
    'that is a refresh token': () => user.refreshToken,
    'that is changed in one letter': () => user.token.replace(/.$/, (letter) => (letter === 'A' ? 'B' : 'A')),
    'that is no token': () => 'abc',
  };

  test.each(Object.keys(attacks))('%s', async (name) => {
    const reply = await me(attacks[name]?.() ?? '');
    expect(reply.status, reply.text).toBe(401);
    expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer realm="annals", error="invalid_token"/);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
  });
});

test('no token, or one in a wrong place, is a 401 with a challenge', async () => {
  for (const headers of [
    {},
    { Authorization: 'Basic YTpi' },
    { Authorization: 'Bearer' },
    { Cookie: `token=${user.token}` },
  ]) {
    const reply = await me(null, headers);
    expect(reply.status).toBe(401);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="annals"');
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
