import { SignJWT } from 'jose';
import type { ResourceName } from '../oauth/resources.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What an access token says: who, and by which session. Roles are not in it: they are looked up when it is used. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a token says that the authorization server gave a client: who lets it do what, and where. */
export interface OAuthClaims {
  readonly userId: string;
  readonly grantId: string;
  readonly clientId: string;
  /** Permissions. The same list for the same token. */
  readonly scopes: readonly string[];
  readonly resource: ResourceName;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a token of an authorization server elsewhere says, and who its user is here. */
export interface ExternalClaims {
  readonly userId: string;
  /** By whom the user was recognised. */
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string;
  /** Permissions. The same list for the same token. */
  readonly scopes: readonly string[];
  readonly resources: readonly ResourceName[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a token says, of whatever kind it is. */
export type TokenClaims = AccessClaims | OAuthClaims | ExternalClaims;

export interface TokenSettings {
  readonly keys: SigningKeys;
  readonly ttlMs: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export const issuer = 'annals';
export const audience = 'annals-api';

/** The type of RFC 9068 keeps other JWTs that the same key may sign one day apart from these. */
export const tokenType = 'at+jwt';

/** Says what the token is for, so that a token for anything else is never taken for one. */
const accessUse = 'access';
/** The same of tokens for clients of the authorization server. */
export const oauthUse = 'oauth';

/** How far the clocks of two processes may be apart, in milliseconds. */
const skewMs = 60_000;

/** A JWT (RFC 7519) that opens the API for a while. @param nowMs milliseconds since the epoch */
export async function issueAccessToken(
  { keys, ttlMs }: TokenSettings,
  nowMs: number,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<IssuedToken> {
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresIn = Math.floor(ttlMs / 1000);
  const { kid, sign } = keys.current(nowMs);
  const accessToken = await new SignJWT({ sid: sessionId, use: accessUse })
    .setProtectedHeader({ alg: keys.algorithm, typ: tokenType, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + expiresIn)
    .sign(sign);
  return { accessToken, expiresIn };
}

/**
 * The claims of a payload whose signature, issuer and audience are good; undefined when it is for another use, over, or
 * from the future, as a token is that was signed while a clock was wrong.
 */
export function accessClaimsOf(payload: unknown, nowMs: number): AccessClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { sub, sid, use, iat, exp } = payload as Readonly<Record<string, unknown>>;
  if (use !== accessUse || typeof sub !== 'string' || typeof sid !== 'string') return undefined;
  const expiresAt = endOf(iat, exp, nowMs);
  return expiresAt === undefined ? undefined : { userId: sub, sessionId: sid, expiresAt };
}

/** The same of a token of the authorization server. @param resource what its audience stands for */
export function oauthClaimsOf(payload: unknown, resource: ResourceName, nowMs: number): OAuthClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { sub, gid, use, client_id: clientId, scope, iat, exp } = payload as Readonly<Record<string, unknown>>;
  if (use !== oauthUse || typeof sub !== 'string' || typeof gid !== 'string' || typeof clientId !== 'string') {
    return undefined;
  }
  const scopes = typeof scope === 'string' ? scope.split(' ') : [];
  const expiresAt = endOf(iat, exp, nowMs);
  return expiresAt === undefined ? undefined : { userId: sub, grantId: gid, clientId, scopes, resource, expiresAt };
}

/** When a token is over, in milliseconds; undefined when that is past, or the token is from the future. */
function endOf(iat: unknown, exp: unknown, nowMs: number): number | undefined {
  if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  return exp * 1000 <= nowMs || iat * 1000 > nowMs + skewMs ? undefined : exp * 1000;
}
