import jwt from 'jsonwebtoken';

/** What an access token says: who, and by which session. Roles are not in it: they are looked up when it is used. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface TokenSettings {
  /** Key of HS256, 32 bytes at least. */
  readonly secret: string;
  readonly ttlMs: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export const issuer = 'annals';
export const audience = 'annals-api';
export const algorithm = 'HS256';

/** Says what the token is for, so that a token for anything else is never taken for one. */
export const accessUse = 'access';

/** A JWT (RFC 7519) that opens the API for a while. @param nowMs milliseconds since the epoch */
export function issueAccessToken(
  { secret, ttlMs }: TokenSettings,
  nowMs: number,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): IssuedToken {
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresIn = Math.floor(ttlMs / 1000);
  const payload = { sid: sessionId, use: accessUse, iat: issuedAt, exp: issuedAt + expiresIn };
  // The type of RFC 9068 keeps other JWTs that the same key may sign one day apart from this one.
  const header = { alg: algorithm, typ: 'at+jwt' } as const;
  const accessToken = jwt.sign(payload, secret, { algorithm, issuer, audience, subject: userId, header });
  return { accessToken, expiresIn };
}

/** The claims of a payload whose signature, time, issuer and audience are good; undefined when it is for another use. */
export function accessClaimsOf(payload: unknown): AccessClaims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { sub, sid, use, exp } = payload as Readonly<Record<string, unknown>>;
  if (use !== accessUse || typeof sub !== 'string' || typeof sid !== 'string' || typeof exp !== 'number')
    return undefined;
  return { userId: sub, sessionId: sid, expiresAt: exp * 1000 };
}
