import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../../domain/access/principal.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { AccessClaims } from './access-tokens.ts';
import { bearerTokenOf } from './bearer.ts';
import type { Principals } from './principals.ts';
import type { TokenCheck } from './token-check.ts';

/** A credential that was good when it was looked at. */
export interface Credential {
  readonly principal: Principal;
  readonly claims: AccessClaims;
}

export interface Authenticator {
  /** Finds the principal of a request by its `Authorization` header. @throws HttpProblem 401 */
  readonly authenticate: (context: RequestContext) => Promise<void> | undefined;
  /** The principal of an access token. @throws HttpProblem 401 */
  readonly credentialOf: (token: string) => Promise<Credential>;
  /** Whether a credential that was good is good still, and what its principal may do now; undefined when it is over. */
  readonly renew: (credential: Credential) => Promise<Credential | undefined>;
}

/**
 * Checks each token's signature once and remembers what it said, under the token's hash; that it is not over and its
 * session is open is looked at on every use.
 * @param clock milliseconds since the epoch
 */
export function createAuthenticator(check: TokenCheck, principals: Principals, clock: () => number): Authenticator {
  const checked = new LRUCache<string, AccessClaims>({ max: 10_000 });

  const credentialOf = async (token: string): Promise<Credential> => {
    const key = hash('sha256', token, 'base64');
    const known = checked.get(key);
    const claims = known && known.expiresAt > clock() ? known : await check(token);
    if (claims !== known) checked.set(key, claims);
    const principal = await principals.of(claims.sessionId, claims.userId);
    if (!principal) throw sessionEnded();
    return { principal, claims };
  };

  return {
    authenticate: (context) => {
      const token = bearerTokenOf(context.request.headers.authorization);
      const claims = checked.get(hash('sha256', token, 'base64'));
      // The usual case, without a promise: the token and its session are known.
      if (claims && claims.expiresAt > clock()) {
        const principal = principals.of(claims.sessionId, claims.userId);
        if (principal && !(principal instanceof Promise)) {
          context.principal = principal;
          context.claims = claims;
          return undefined;
        }
      }
      return credentialOf(token).then((credential) => void Object.assign(context, credential));
    },
    credentialOf,
    renew: async ({ claims }) => {
      if (claims.expiresAt <= clock()) return undefined;
      const principal = await principals.of(claims.sessionId, claims.userId);
      return principal && { principal, claims };
    },
  };
}

function sessionEnded(): HttpProblem {
  return new HttpProblem(401, 'session_ended', 'the session has ended', { headers: challenge('invalid_token') });
}
