import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { apiKeyPrefix } from '../../commands/api-key-text.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { ResourceName } from '../oauth/resources.ts';
import type { ExternalClaims, OAuthClaims, TokenClaims } from './access-tokens.ts';
import type { ApiKeyCheck, KeyClaims } from './api-key-check.ts';
import { credentialTextOf } from './bearer.ts';
import { demandResource } from './demand-resource.ts';
import type { Principals } from './principals.ts';
import type { TokenCheck, Use } from './token-check.ts';
import type { Caller, UseRecorder } from './use-recorder.ts';

/** A credential that was good when it was looked at. */
export interface Credential {
  readonly principal: Principal;
  readonly claims: TokenClaims | KeyClaims;
}

export interface Authenticator {
  /** Finds the principal of a request by its `Authorization` or `X-API-Key` header. @throws HttpProblem 401, 403 */
  readonly authenticate: (context: RequestContext) => Promise<void> | undefined;
  /**
   * The principal of an access token or an API key.
   * @param resource what is asked for: a token of a client is for one resource
   * @throws HttpProblem 401, 403
   */
  readonly credentialOf: (text: string, caller: Caller, resource?: ResourceName) => Promise<Credential>;
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
  grantUses: UseRecorder,
  clock: () => number,
): Authenticator {
  const checked = new LRUCache<string, TokenClaims>({ max: 10_000 });

  /** Who a token stands for now; undefined when what it rests on has ended. */
  const principalOf = (claims: TokenClaims): Principal | undefined | Promise<Principal | undefined> => {
    if ('sessionId' in claims) return principals.of(claims.sessionId, claims.userId);
    const user =
      'grantId' in claims ? principals.ofGrant(claims.grantId, claims.userId) : principals.ofIdentity(claims);
    return user instanceof Promise ? user.then((late) => late && within(late, claims)) : user && within(user, claims);
  };
  const tokenCredential = (token: string, use: Use): Credential | Promise<Credential> => {
    const key = hash('sha256', token, 'base64');
    const claims = checked.get(key);
    // The usual case, without a promise: the token and its session are known.
    return claims && claims.expiresAt > clock() ? credentialBy(claims, use) : slowly(token, key, use);
  };
  const credentialBy = (claims: TokenClaims, use: Use): Credential | Promise<Credential> => {
    if (!('sessionId' in claims)) demandResource(resourcesOf(claims), use.resource);
    const principal = principalOf(claims);
    return principal instanceof Promise
      ? principal.then((late) => admitted(late, claims, use))
      : admitted(principal, claims, use);
  };
  const admitted = (principal: Principal | undefined, claims: TokenClaims, { caller }: Use): Credential => {
    const credential = demandPrincipal(principal, claims);
    if ('grantId' in claims) grantUses.used(claims.grantId, credential.principal, caller);
    return credential;
  };
  const slowly = async (token: string, key: string, use: Use): Promise<Credential> => {
    const claims = await check(token, use);
    checked.set(key, claims);
    return credentialBy(claims, use);
  };
  const credentialOf = (text: string, caller: Caller, resource: ResourceName): Credential | Promise<Credential> =>
    text.startsWith(apiKeyPrefix) ? apiKeys.check(text, caller) : tokenCredential(text, { caller, resource });

  return {
    authenticate: (context) => {
      const { correlationId, request, remoteAddress } = context;
      const caller = { correlationId, remoteAddress };
      const credential = credentialOf(credentialTextOf(request.headers), caller, 'api');
      if (credential instanceof Promise) return credential.then((late) => admit(context, late));
      admit(context, credential);
      return undefined;
    },
    credentialOf: async (text, caller, resource = 'api') => credentialOf(text, caller, resource),
    renew: async ({ claims }) => {
      if ('keyId' in claims) return apiKeys.renew(claims);
      if (claims.expiresAt <= clock()) return undefined;
      const principal = await principalOf(claims);
      return principal && { principal, claims };
    },
    close: async () => {
      await Promise.all([apiKeys.close(), grantUses.close()]);
    },
  };
}

function admit(context: RequestContext, { principal, claims }: Credential): void {
  context.principal = principal;
  context.claims = claims;
}

/** The user, limited to what the client was given. */
function within(user: Principal, { scopes }: OAuthClaims | ExternalClaims): Principal {
  return { ...user, scopes };
}

function resourcesOf(claims: OAuthClaims | ExternalClaims): readonly ResourceName[] {
  return 'resources' in claims ? claims.resources : [claims.resource];
}

/** @throws HttpProblem 401 what the token rests on has ended */
function demandPrincipal(principal: Principal | undefined, claims: TokenClaims): Credential {
  if (!principal) throw 'sessionId' in claims ? sessionEnded() : grantEnded();
  return { principal, claims };
}

function grantEnded(): HttpProblem {
  const headers = challenge('invalid_token');
  return new HttpProblem(401, 'grant_ended', 'what the client was allowed was taken back', { headers });
}

function sessionEnded(): HttpProblem {
  return new HttpProblem(401, 'session_ended', 'the session has ended', { headers: challenge('invalid_token') });
}
