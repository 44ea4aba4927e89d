import {
  errors,
  Provider,
  type Configuration,
  type JWK,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider';
import { v7 as uuidv7 } from 'uuid';
import { findUser } from '../../commands/users.ts';
import { isScope } from '../../commands/oauth.ts';
import { oauthUse } from '../auth/access-tokens.ts';
import { createSigningKeys, type SigningKey, type SigningSettings } from '../auth/signing-keys.ts';
import type { HttpDeps } from '../deps.ts';
import { createOAuthAdapter, serving } from './adapter.ts';
import { defaultClientLimits } from './client-limits.ts';
import { documentWithinReach } from './client-metadata.ts';
import { clientRules } from './client-rules.ts';
import { errorPage } from './pages.ts';
import { oauthPath, resourceNamed, type OAuthAddresses } from './resources.ts';
import { defaultScopes, namedScopes } from './scopes.ts';

const minute = 60;
const day = 24 * 60 * minute;

/** Metadata documents that requests from one address may have fetched in an hour. */
const perAddress = { limit: 60, windowMs: 60 * 60_000 };

/** Where each endpoint is, below the place where the server is mounted. */
export const endpoints = {
  authorization: '/authorize',
  token: '/token',
  registration: '/register',
  revocation: '/revoke',
  jwks: '/jwks',
} as const;

/**
 * Our authorization server, on `oidc-provider`: authorization code with PKCE (S256), refresh tokens that change with each
 * use, and nothing else (OAuth 2.1). Made anew when the signing key changes; it keeps nothing itself.
 */
export function createOAuthProvider(
  { settings, commands, coordination, logger, fetch }: HttpDeps,
  addresses: OAuthAddresses,
  signing: SigningKey,
): Provider {
  const { cache, rateLimits } = coordination;
  const accessTokenTtl = Math.floor(settings.accessTokenTtlMs / 1000);
  /** At most so often from one address, over all processes. */
  const within = async (what: string): Promise<boolean> => {
    const address = serving.getStore()?.remoteAddress ?? '';
    const key = `oauth:${what}:${commands.keyedHash(`address:${address}`).slice(0, 32)}`;
    return (await rateLimits.take([{ key, ...perAddress }])).allowed;
  };
  const configuration: Configuration = {
    adapter: createOAuthAdapter({ commands, cache, clients: settings.oauthClients ?? defaultClientLimits }),
    jwks: { keys: [keyOf(settings.signing.algorithm === 'EdDSA' ? signing : standIn(settings.signing.secrets))] },
    cookies: {
      keys: [commands.keyedHash('oauth cookies')],
      names: { session: 'annals_oauth', interaction: 'annals_oauth_step', resume: 'annals_oauth_resume' },
      long: { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true },
    },
    routes: endpoints,
    interactions: { url: (_ctx, { uid }) => `${oauthPath}/interaction/${uid}` },
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      // Redirects to loopback, to a scheme of the program's own, or to https: the rules of RFC 8252.
      application_type: 'native',
      id_token_signed_response_alg: 'EdDSA',
    },
    enabledJWA: { idTokenSigningAlgValues: ['EdDSA'] },
    extraClientMetadata: clientRules,
    // All scopes are of resources; those of OpenID Connect are not offered.
    scopes: [],
    claims: { sub: null },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    revokeGrantPolicy: () => true,
    ttl: {
      AuthorizationCode: minute,
      AccessToken: accessTokenTtl,
      RefreshToken: Math.floor(commands.refreshTokenTtlMs / 1000),
      Grant: 365 * day,
      Interaction: 10 * minute,
      Session: 10 * minute,
      IdToken: minute,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      // No client has a secret: whose token it is not learns nothing, and ends nothing.
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      registration: { enabled: true, idFactory: () => uuidv7(), issueRegistrationAccessToken: false },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02', allowFetch: () => within('document') },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => addresses.resources.api,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, indicator) => resourceServer(ctx, indicator),
      },
    },
    extraTokenClaims: (_ctx, token) => ({ use: oauthUse, ...('grantId' in token ? { gid: token.grantId } : {}) }),
    findAccount: async (_ctx, id) => {
      const user = await findUser(commands, id);
      if (!user || user.erasing) return undefined;
      return { accountId: id, claims: () => ({ sub: id }) };
    },
    fetch: async (input, init) => documentWithinReach(await fetch(input, init)),
    renderError: (ctx, { error, error_description: description }) => {
      const page = errorPage(error, description ?? '');
      ctx.type = 'html';
      ctx.set(page.headers);
      ctx.body = page.html;
    },
  };
  const resourceServer = (ctx: KoaContextWithOIDC, indicator: string): ResourceServer => {
    const resource = resourceNamed(addresses, indicator);
    if (resource === undefined) throw new errors.InvalidTarget();
    const { algorithm, secrets } = settings.signing;
    const { kid } = signing;
    return {
      audience: addresses.resources[resource],
      scope: askedScopes(ctx).join(' '),
      accessTokenFormat: 'jwt',
      accessTokenTTL: accessTokenTtl,
      jwt: {
        sign: algorithm === 'EdDSA' ? { alg: 'EdDSA', kid } : { alg: 'HS256', key: Buffer.from(secrets[0]), kid },
      },
    };
  };
  const provider = new Provider(addresses.issuer, configuration);
  // What it trusts is what `asReached` says in place of what came.
  provider.proxy = true;
  provider.use(async (ctx, next) => {
    if (ctx.path === endpoints.authorization) ctx.query = withScopes(ctx.query);
    await next();
    if (ctx.path.startsWith('/.well-known/') && ctx.status === 200) {
      const named = { jwks_uri: `${addresses.origin}/.well-known/jwks.json`, scopes_supported: namedScopes };
      Object.assign(ctx.body as object, named);
    }
  });
  provider.on('server_error', (_ctx, error) => logger.error({ error }, 'the authorization server failed'));
  return provider;
}

/** A request that names no scope is for the usual ones. */
function withScopes<Query extends { scope?: string | string[] }>(query: Query): Query {
  const { scope } = query;
  if (Array.isArray(scope) || scope?.split(' ').some(isScope) === true) return query;
  return { ...query, scope: defaultScopes.join(' ') };
}

/** The scopes that a request is about: those asked for now, or those of what it brings. */
function askedScopes({ oidc }: KoaContextWithOIDC): readonly string[] {
  const { AuthorizationCode, RefreshToken } = oidc.entities;
  const texts = [oidc.params?.scope, AuthorizationCode?.scope, RefreshToken?.scope];
  const scopes = texts.flatMap((text) => (typeof text === 'string' ? text.split(' ') : []));
  return [...new Set(scopes.filter(isScope))];
}

function keyOf({ kid, sign }: SigningKey): JWK {
  if (sign instanceof Uint8Array) throw new Error('a secret key is published nowhere');
  return { ...sign.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' };
}

/** The library wants a key pair even where it signs by a secret. This one signs nothing. */
function standIn(secrets: SigningSettings['secrets']): SigningKey {
  return createSigningKeys({ algorithm: 'EdDSA', secrets }).current(Date.now());
}
