import { createPrivateKey, createPublicKey, hash, hkdfSync, type KeyObject } from 'node:crypto';

export type SigningAlgorithm = 'EdDSA' | 'HS256';

export interface SigningSettings {
  readonly algorithm: SigningAlgorithm;
  /** What keys are made of, 32 bytes at least each. The first signs; the others are those that signed before. */
  readonly secrets: readonly [string, ...string[]];
}

/** A public key as RFC 7517 and RFC 8037 write it. */
export interface PublishedKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

export interface SigningKey {
  readonly kid: string;
  readonly sign: KeyObject | Uint8Array;
  /** A public key in PEM (SPKI), or the secret itself. */
  readonly verify: string | Buffer;
  /** Absent: nobody but its owner can check what it signs. */
  readonly published?: PublishedKey;
}

/**
 * The keys of access tokens. They follow from the secret and the time, so that every process that has the secret has the
 * same keys, keeps none, and changes them by itself.
 */
export interface SigningKeys {
  readonly algorithm: SigningAlgorithm;
  /** The key to sign with. @param nowMs milliseconds since the epoch */
  current(nowMs: number): SigningKey;
  /** A key that signs now, signed until lately, or signs soon on a clock that is ahead. */
  find(kid: string, nowMs: number): SigningKey | undefined;
  /** What others need to check signatures: none for HS256. */
  published(nowMs: number): readonly PublishedKey[];
}

/** How long a key signs, in milliseconds. Longer than any access token lives. */
export const rotationMs = 30 * 24 * 60 * 60_000;

export function createSigningKeys({ algorithm, secrets }: SigningSettings): SigningKeys {
  const derive = algorithm === 'EdDSA' ? deriveEd25519 : deriveHmac;
  let period = Number.NaN;
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let signing: SigningKey | undefined;

  const at = (nowMs: number): SigningKey => {
    const now = Math.floor(nowMs / rotationMs);
    if (now !== period || signing === undefined) {
      signing = derive(secrets[0], now);
      const all = secrets.flatMap((secret) => [now, now - 1, now + 1].map((one) => derive(secret, one)));
      keys = new Map(all.map((key) => [key.kid, key]));
      period = now;
    }
    return signing;
  };

  return {
    algorithm,
    current: at,
    find: (kid, nowMs) => {
      at(nowMs);
      return keys.get(kid);
    },
    published: (nowMs) => {
      at(nowMs);
      return [...keys.values()].flatMap(({ published }) => (published === undefined ? [] : [published]));
    },
  };
}

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function deriveEd25519(secret: string, period: number): SigningKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, 'annals', `access tokens, Ed25519, ${period}`, 32));
  const sign = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(sign);
  const { x = '' } = publicKey.export({ format: 'jwk' });
  // The thumbprint of RFC 7638: these members, in this order.
  const kid = hash('sha256', JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url');
  return {
    kid,
    sign,
    verify: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    published: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' },
  };
}

/** The secret itself, at all times: whoever was given it to check tokens with has no other. */
function deriveHmac(secret: string): SigningKey {
  const kid = Buffer.from(hkdfSync('sha256', secret, 'annals', 'access tokens, HS256, name of the key', 16));
  const key = Buffer.from(secret);
  return { kid: kid.toString('base64url'), sign: key, verify: key };
}
