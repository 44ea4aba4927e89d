import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { apiKeyPrefix } from '../../commands/api-key-text.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { AccessClaims } from './access-tokens.ts';
import type { ApiKeyCheck, Caller, KeyClaims } from './api-key-check.ts';
import { credentialTextOf } from './bearer.ts';
import type { Principals } from './principals.ts';
import type { TokenCheck } from './token-check.ts';

/** A credential that was good when it was looked at. */
export interface Credential {
  readonly principal: Principal;
  readonly claims: AccessClaims | KeyClaims;
}

export interface Authenticator {
  /** Finds the principal of a request by its `Authorization` or `X-API-Key` header. @throws HttpProblem 401, 403 */
  readonly authenticate: (context: RequestContext) => Promise<void> | undefined;
  /** The principal of an access token or an API key. @throws HttpProblem 401, 403 */
  readonly credentialOf: (text: string, caller: Caller) => Promise<Credential>;
  /** Whether a credential that was good is good still, and what its principal may do now; undefined when it is over. */
  readonly renew: (credential: Credential) => Promise<Credential | undefined>;
  readonly close: () => Promise<void>;
}

/**
 * Checks each token's signature once and remembers what it said, under the token's hash; that it is not over and its
 * session is open is looked at on every use.
 * @param clock milliseconds since the epoch
 */
export function createAuthenticator(
  check: TokenCheck,
  apiKeys: ApiKeyCheck,
  principals: Principals,
  clock: () => number,
): Authenticator {
  const checked = new LRUCache<string, AccessClaims>({ max: 10_000 });

  const tokenCredential = (token: string): Credential | Promise<Credential> => {
    const key = hash('sha256', token, 'base64');
    const claims = checked.get(key);
    // The usual case, without a promise: the token and its session are known.
    if (claims && claims.expiresAt > clock()) {
      const principal = principals.of(claims.sessionId, claims.userId);
      if (principal && !(principal instanceof Promise)) return { principal, claims };
    }
    return slowly(token, key, claims);
  };
  const slowly = async (token: string, key: string, known: AccessClaims | undefined): Promise<Credential> => {
    const claims = known && known.expiresAt > clock() ? known : await check(token);
    if (claims !== known) checked.set(key, claims);
    const principal = await principals.of(claims.sessionId, claims.userId);
    if (!principal) throw sessionEnded();
    return { principal, claims };
  };
  const credentialOf = (text: string, caller: Caller): Credential | Promise<Credential> =>
    text.startsWith(apiKeyPrefix) ? apiKeys.check(text, caller) : tokenCredential(text);

  return {
    authenticate: (context) => {
      const { correlationId, request } = context;
      const caller = { correlationId, remoteAddress: request.socket.remoteAddress };
      const credential = credentialOf(credentialTextOf(request.headers), caller);
      if (credential instanceof Promise) return credential.then((late) => admit(context, late));
      admit(context, credential);
      return undefined;
    },
    credentialOf: async (text, caller) => credentialOf(text, caller),
    renew: async ({ claims }) => {
      if ('keyId' in claims) return apiKeys.renew(claims);
      if (claims.expiresAt <= clock()) return undefined;
      const principal = await principals.of(claims.sessionId, claims.userId);
      return principal && { principal, claims };
    },
    close: apiKeys.close,
  };
}

function admit(context: RequestContext, { principal, claims }: Credential): void {
  context.principal = principal;
  context.claims = claims;
}

function sessionEnded(): HttpProblem {
  return new HttpProblem(401, 'session_ended', 'the session has ended', { headers: challenge('invalid_token') });
}
