import type { Provider } from 'oidc-provider';
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { createOAuthProvider } from './provider.ts';
import type { OAuthAddresses } from './resources.ts';

/** What clients get their tokens from. */
export interface OAuthServer {
  /** @throws HttpProblem 404 this server does not know under which address it is reached */
  readonly addresses: () => OAuthAddresses;
  /** The authorization servers whose tokens are good here, the first the one to ask. @throws HttpProblem 404 the same */
  readonly servers: () => readonly string[];
  /** Our own. @throws HttpProblem 404 there is none: the same, or the settings say so */
  readonly provider: () => Provider;
}

/** @param addresses undefined while they are not known */
export function createOAuthServer(
  deps: HttpDeps,
  keys: SigningKeys,
  addresses: () => OAuthAddresses | undefined,
): OAuthServer {
  const known = (): OAuthAddresses => {
    const found = addresses();
    if (found) return found;
    const detail = 'there is no authorization server here: it takes the setting ANNALS_PUBLIC_URL';
    throw new HttpProblem(404, 'oauth_unavailable', detail);
  };
  const { externalIssuer, ownAuthorizationServer: own = true } = deps.settings;
  let made: { readonly kid: string; readonly provider: Provider } | undefined;
  return {
    addresses: known,
    servers: () => {
      const { issuer } = known();
      return [...(externalIssuer ? [externalIssuer.issuer] : []), ...(own ? [issuer] : [])];
    },
    provider: () => {
      if (!own) throw new HttpProblem(404, 'oauth_unavailable', 'there is no authorization server here');
      const signing = keys.current(deps.commands.clock());
      if (made?.kid !== signing.kid) made = { kid: signing.kid, provider: createOAuthProvider(deps, known(), signing) };
      return made.provider;
    },
  };
}
