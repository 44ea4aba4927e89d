import { createLocalJWKSet, type CryptoKey, type FlattenedJWSInput, type JWK, type JWSHeaderParameters } from 'jose';
import { JWKSNoMatchingKey } from 'jose/errors';
import * as client from 'openid-client';
import type { GuardedFetch } from '../../ports/egress.ts';
import type { Logger } from '../../ports/logger.ts';

/** The issuer does not tell its keys, and those that are known do not answer the question. */
export class IssuerAway extends Error {
  override readonly name = 'IssuerAway';
}

/**
 * The key that a token says it was signed with.
 * @throws IssuerAway; what jose throws when there is none, or several
 */
export type IssuerKeys = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

interface Deps {
  readonly fetch: GuardedFetch;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** After this long the issuer is asked again, beside the requests. */
const freshMs = 10 * 60_000;
/** So long known keys go on while the issuer does not answer. */
const keptMs = 24 * 60 * 60_000;
/** Between two questions: names of keys that nobody has are free to make up. */
const cooldownMs = 30_000;
const mostKeys = 100;

/** The public keys of an authorization server elsewhere, found by its metadata (RFC 8414, or OpenID Connect Discovery). */
export function createIssuerKeys(issuer: string, { fetch, clock, logger }: Deps): IssuerKeys {
  let known: { readonly at: number; readonly find: ReturnType<typeof createLocalJWKSet> } | undefined;
  let asked = { at: -Infinity, answered: true };
  let asking: Promise<void> | undefined;

  const ask = (): Promise<void> => {
    asking ??= keysOf(issuer, fetch)
      .then((keys) => {
        known = { at: clock(), find: createLocalJWKSet({ keys }) };
        asked = { at: clock(), answered: true };
      })
      .catch((error: unknown) => {
        asked = { at: clock(), answered: false };
        logger.warn({ error, issuer }, 'the authorization server does not tell its keys');
      })
      .finally(() => (asking = undefined));
    return asking;
  };
  const mayAsk = (): boolean => asking !== undefined || clock() - asked.at >= cooldownMs;
  const usable = (): typeof known => (known && clock() - known.at < keptMs ? known : undefined);

  return async (header, token) => {
    if (!usable() && mayAsk()) await ask();
    const keys = usable();
    if (!keys) throw new IssuerAway(issuer);
    if (clock() - keys.at >= freshMs && mayAsk()) void ask();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey)) throw error;
      if (mayAsk()) await ask();
      if (!asked.answered) throw new IssuerAway(issuer);
      return (known ?? keys).find(header, token);
    }
  };
}

/** @throws Error the issuer is another than it says, is not reached, or has no keys that are fit for use */
async function keysOf(issuer: string, fetch: GuardedFetch): Promise<JWK[]> {
  const { jwks_uri: address, issuer: named } = await metadataOf(issuer, fetch);
  if (named !== issuer) throw new Error(`it calls itself ${named}: ANNALS_OAUTH_ISSUER must be the same`);
  if (address === undefined) throw new Error('its metadata names no jwks_uri');
  const { protocol } = new URL(address);
  if (protocol !== 'https:' && !isInsecure(issuer)) throw new Error('its keys are not on https');
  const answer = await fetch(address, { headers: { Accept: 'application/jwk-set+json, application/json' } });
  if (answer.status !== 200) throw new Error(`its keys were answered with ${answer.status}`);
  const { keys } = (await answer.json()) as { readonly keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('its keys are not a JSON Web Key Set');
  const usable = (keys as readonly unknown[]).slice(0, mostKeys).filter(isPublicKey);
  if (usable.length === 0) throw new Error('it has no public keys');
  return usable;
}

async function metadataOf(issuer: string, fetch: GuardedFetch): Promise<client.ServerMetadata> {
  const discover = (algorithm: 'oauth2' | 'oidc') =>
    client.discovery(new URL(issuer), 'annals', undefined, client.None(), {
      algorithm,
      [client.customFetch]: (url, init) => fetch(url, init as RequestInit),
      // The settings allow http for loopback alone.
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so only to stand out
      ...(isInsecure(issuer) ? { execute: [client.allowInsecureRequests] } : {}),
    });
  try {
    return (await discover('oauth2')).serverMetadata();
  } catch (error) {
    // Many tell it by the older standard alone. What they answer to that says what is wrong.
    if (!(error instanceof Error)) throw error;
    return (await discover('oidc')).serverMetadata();
  }
}

function isInsecure(issuer: string): boolean {
  return new URL(issuer).protocol === 'http:';
}

/** Shared secrets are none, and whose private key is published has none any more. */
function isPublicKey(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null || !('kty' in key) || 'd' in key) return false;
  return key.kty === 'RSA' || key.kty === 'EC' || key.kty === 'OKP';
}
