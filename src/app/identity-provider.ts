import type { Config } from '../config.ts';
import type { HttpSettings } from '../http/deps.ts';

const gitHub = 'https://github.com';

/** Whom people may sign in with, by the settings; empty when they name nobody. */
export function identityProviderOf(config: Config): Pick<HttpSettings, 'identityProvider'> {
  const { oidcIssuer, oidcClientId, oidcClientSecret, oidcRolesClaim, oidcScopes, oidcName } = config;
  if (oidcIssuer === undefined) return {};
  const issuer = oidcIssuer.replace(/\/$/, '');
  const kind = config.oidcKind ?? (issuer === gitHub ? 'github' : 'oidc');
  const usual = kind === 'github' ? 'read:user user:email' : 'openid email profile';
  return {
    identityProvider: {
      kind,
      // Discovery compares the issuer letter by letter.
      issuer: kind === 'github' ? issuer : oidcIssuer,
      clientId: oidcClientId,
      ...(oidcClientSecret === undefined ? {} : { clientSecret: oidcClientSecret }),
      scopes: oidcScopes === '' ? usual : oidcScopes,
      name: oidcName === '' ? new URL(issuer).hostname : oidcName,
      ...(oidcRolesClaim === '' ? {} : { rolesClaim: oidcRolesClaim }),
      roles: config.oidcRoles,
      newUsers: config.oidcNewUsers,
    },
  };
}

/** Whose access tokens are good here, by the settings. */
export function clientTokensOf(config: Config): Pick<HttpSettings, 'externalIssuer' | 'ownAuthorizationServer'> {
  const { oauthIssuer: issuer, oauthServer, oidcRolesClaim, oidcRoles: roles, oidcNewUsers: newUsers } = config;
  const ownAuthorizationServer = oauthServer === 'auto' ? issuer === undefined : oauthServer === 'on';
  if (issuer === undefined) return { ownAuthorizationServer };
  const claims = { roles, ...(oidcRolesClaim === '' ? {} : { rolesClaim: oidcRolesClaim }) };
  return { ownAuthorizationServer, externalIssuer: { issuer, newUsers, ...claims } };
}
