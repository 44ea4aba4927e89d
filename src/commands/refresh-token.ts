import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { DomainError } from '../domain/error.ts';
import type { CommandDeps } from './deps.ts';

/**
 * `<session>.<random>.<proof>`. Only the platform can make the proof, so a token that has a good one and is not the
 * newest was given out before: its reuse ends the session. A token that somebody made up ends nothing, even when he
 * knows the session's id from the log.
 */
export function newRefreshToken(deps: CommandDeps, sessionId: string): string {
  const unproven = `${sessionId}.${randomBytes(32).toString('base64url')}`;
  return `${unproven}.${proofOf(deps, unproven)}`;
}

/** The session that a token was given out for, and the hash by which the log knows it. @throws DomainError `invalid_refresh_token` */
export function readRefreshToken(deps: CommandDeps, token: string): { sessionId: string; tokenHash: string } {
  const [sessionId, random, proof, ...more] = token.split('.');
  if (!sessionId || !random || !proof || more.length > 0) throw invalidRefreshToken();
  const [given, expected] = [Buffer.from(proof), Buffer.from(proofOf(deps, `${sessionId}.${random}`))];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw invalidRefreshToken();
  return { sessionId, tokenHash: hashOfRefreshToken(token) };
}

/** What stands in the log for a token. */
export function hashOfRefreshToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function invalidRefreshToken(): DomainError {
  return new DomainError('unauthenticated', 'invalid_refresh_token', 'the refresh token is not valid');
}

function proofOf(deps: CommandDeps, unproven: string): string {
  return deps.keyedHash(`refresh-token:${unproven}`);
}
