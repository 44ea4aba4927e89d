import type { Principal } from '../../domain/access/principal.ts';
import { issueAccessToken } from './access-tokens.ts';
import type { SigningKeys } from './signing-keys.ts';

const ttlMs = 60_000;

/** The session of tokens that the command line signs for itself; no session of a person has such an id. */
export const localSession = 'local';
export const localUser = 'system:cli';

/** Whoever can read the platform's signing key on its own machine: its owner. */
export const localPrincipal: Principal = {
  actor: localUser,
  userId: null,
  tenant: 'default',
  roles: ['admin'],
  sessionId: localSession,
};

/** An access token of the local command line, good for a minute. @param keys the platform's own */
export async function signLocalToken(keys: SigningKeys): Promise<string> {
  const subject = { userId: localUser, sessionId: localSession };
  return (await issueAccessToken({ keys, ttlMs }, Date.now(), subject)).accessToken;
}
