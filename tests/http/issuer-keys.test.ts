import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, importJWK, jwtVerify, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIssuerKeys, IssuerAway, type IssuerKeys } from '../../src/http/oauth/issuer-keys.ts';
import { silent } from '../support/silent-logger.ts';

/** A key pair, as the issuer keeps it and as it publishes it. */
interface Pair {
  readonly kid: string;
  readonly secret: JWK;
  readonly published: JWK;
}

function newKey(kid: string): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const published = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } as JWK;
  return { kid, secret: privateKey.export({ format: 'jwk' }), published };
}

const minute = 60_000;
const [one, two] = [newKey('one'), newKey('two')];

let server: Server;
let issuer: string;
/** What the issuer publishes; undefined: it is away. */
let published: readonly object[] | undefined;
let metadata: Record<string, unknown>;
let fetched: string[];
let now: number;
let keys: IssuerKeys;

beforeEach(async () => {
  [published, fetched, now] = [[one.published], [], 1_000_000];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    fetched.push(path);
    response.setHeader('Content-Type', 'application/json');
    if (published === undefined) response.writeHead(503).end('{}');
    else if (path === '/keys') response.end(JSON.stringify({ keys: published }));
    else if (path === '/.well-known/openid-configuration') response.end(JSON.stringify(metadata));
    else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  metadata = { issuer, jwks_uri: `${issuer}/keys` };
  keys = createIssuerKeys(issuer, { fetch, clock: () => now, logger: silent });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function verified({ kid, secret }: Pair): Promise<boolean> {
  const signed = new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid });
  await jwtVerify(await signed.sign(await importJWK(secret, 'ES256')), keys);
  return true;
}

const asked = () => fetched.filter((path) => path === '/keys').length;

describe('the keys of an authorization server elsewhere', () => {
  test('are asked for once, however many tokens come', async () => {
    await Promise.all([verified(one), verified(one), verified(one)]);
    await verified(one);
    expect(asked()).toBe(1);
  });

  test('are asked for again when a key is not among them, and not more often than every half minute', async () => {
    await verified(one);
    for (let i = 0; i < 10; i++) await expect(verified(two)).rejects.toThrow('no applicable key found');
    expect(asked()).toBe(1);
    published = [one.published, two.published];
    now += minute / 2;
    expect(await verified(two)).toBe(true);
    expect(asked()).toBe(2);
  });

  test('are replaced by what it tells later: a key that it has withdrawn is good no more', async () => {
    await verified(one);
    published = [two.published];
    now += 10 * minute;
    await verified(one);
    await expect
      .poll(() => verified(one).catch((error: unknown) => String(error)))
      .toContain('no applicable key found');
    expect(await verified(two)).toBe(true);
  });

  test('go on while it is away, for a day, and others are not known then', async () => {
    await verified(one);
    published = undefined;
    now += 10 * minute;
    expect(await verified(one)).toBe(true);
    await expect(verified(two)).rejects.toBeInstanceOf(IssuerAway);
    now += 23 * 60 * minute;
    expect(await verified(one)).toBe(true);
    now += 60 * minute;
    await expect(verified(one)).rejects.toBeInstanceOf(IssuerAway);
    published = [one.published];
    now += minute;
    expect(await verified(one)).toBe(true);
  });

  test('are not known as long as it has never answered', async () => {
    published = undefined;
    await expect(verified(one)).rejects.toBeInstanceOf(IssuerAway);
    const before = fetched.length;
    await expect(verified(one)).rejects.toBeInstanceOf(IssuerAway);
    expect(fetched).toHaveLength(before);
    published = [one.published];
    now += minute;
    expect(await verified(one)).toBe(true);
  });

  test.each([
    ['calls itself by another name', () => (metadata = { ...metadata, issuer: 'https://elsewhere.example' })],
    ['names no keys', () => (metadata = { issuer })],
    ['publishes a private key', () => (published = [{ ...one.secret, kid: 'one', alg: 'ES256' }])],
    ['publishes a shared secret', () => (published = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'one', alg: 'HS256' }])],
  ])('are none of a server that %s', async (_name, change) => {
    change();
    await expect(verified(one)).rejects.toBeInstanceOf(IssuerAway);
  });
});
