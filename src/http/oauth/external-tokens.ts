import { jwtVerify, type JWTPayload } from 'jose';
import type { Vouched } from '../../commands/identities.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { vouchedBy, type RoleClaims } from '../oidc/vouched.ts';
import { IssuerAway, type IssuerKeys } from './issuer-keys.ts';
import { resourceNamed, type OAuthAddresses, type ResourceName } from './resources.ts';

/** An authorization server elsewhere whose tokens are good here. */
export interface ExternalIssuerSettings extends RoleClaims {
  /** As it stands in its tokens. */
  readonly issuer: string;
  readonly newUsers: 'register' | 'refuse';
}

/** What a good token of another authorization server says. */
export interface ExternalToken {
  readonly vouched: Vouched;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resources: readonly ResourceName[];
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface ExternalTokens {
  readonly issuer: string;
  /**
   * Undefined when the token is over, or is for something else.
   * @throws what jose throws when signature, issuer or audience are not good; HttpProblem 503 the issuer's keys are not known
   */
  read(token: string, addresses: OAuthAddresses, nowMs: number): Promise<ExternalToken | undefined>;
}

/** Those that a public key checks: none that a secret does, and never `none`. */
const algorithms = [
  'EdDSA',
  'Ed25519',
  ...['256', '384', '512'].flatMap((bits) => [`ES${bits}`, `RS${bits}`, `PS${bits}`]),
];

/** How far the issuer's clock may be ahead. */
const skewSeconds = 60;

/** Reads access tokens of another authorization server (RFC 9068). */
export function createExternalTokens(settings: ExternalIssuerSettings, keys: IssuerKeys): ExternalTokens {
  const { issuer } = settings;
  return {
    issuer,
    async read(token, addresses, nowMs) {
      const { payload, protectedHeader } = await known(
        jwtVerify(token, keys, {
          algorithms,
          issuer,
          audience: Object.values(addresses.resources).flatMap((one) => [one, `${one}/`]),
          requiredClaims: ['sub', 'iat', 'exp'],
          currentDate: new Date(nowMs),
          clockTolerance: skewSeconds,
        }),
      );
      if (!isAccessToken(protectedHeader.typ, payload)) return undefined;
      return tokenOf(settings, payload, addresses, nowMs);
    },
  };
}

function tokenOf(
  settings: ExternalIssuerSettings,
  payload: JWTPayload,
  addresses: OAuthAddresses,
  nowMs: number,
): ExternalToken | undefined {
  const { sub, aud = [], iat = Infinity, exp = 0, scope, client_id: named, azp } = payload;
  // The tolerance is for what is not yet good, never for what is over.
  if (sub === undefined || sub === '' || exp * 1000 <= nowMs || iat * 1000 > nowMs + skewSeconds * 1000)
    return undefined;
  const clientId = [named, azp].find((one) => typeof one === 'string' && one !== '');
  return {
    vouched: vouchedBy(settings, payload),
    clientId: typeof clientId === 'string' ? clientId : 'unknown',
    scopes: typeof scope === 'string' ? scope.split(' ') : [],
    resources: [aud].flat().flatMap((one) => resourceNamed(addresses, one) ?? []),
    issuedAt: iat * 1000,
    expiresAt: exp * 1000,
  };
}

/**
 * The type of RFC 9068 keeps access tokens apart from other JWTs that the same key signs. Many servers do not write it; of
 * those, what bears the marks of an ID token is none.
 */
function isAccessToken(typ: string | undefined, payload: JWTPayload): boolean {
  const type = typ?.toLowerCase().replace(/^application\//, '');
  if (type === 'at+jwt') return true;
  if (type !== undefined && type !== 'jwt') return false;
  return !['nonce', 'at_hash', 'c_hash', 's_hash', 'events'].some((mark) => mark in payload);
}

/** Keys that are not known say nothing about the token. @throws HttpProblem 503 */
async function known<Result>(verified: Promise<Result>): Promise<Result> {
  try {
    return await verified;
  } catch (error) {
    if (!(error instanceof IssuerAway)) throw error;
    const detail = 'the authorization server does not tell its keys: whether the token is good is not known';
    const headers = { 'Retry-After': '30' };
    throw new HttpProblem(503, 'issuer_unavailable', detail, { headers, cause: error });
  }
}
