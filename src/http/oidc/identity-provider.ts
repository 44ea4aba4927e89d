import * as client from 'openid-client';
import type { Vouched } from '../../commands/identities.ts';
import type { GuardedFetch } from '../../ports/egress.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { vouchedByGitHub } from './github.ts';
import { vouchedBy, type RoleClaims } from './vouched.ts';

/** An identity provider that people may sign in with. */
export interface IdentityProviderSettings extends RoleClaims {
  readonly kind: 'oidc' | 'github';
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Separated by spaces. */
  readonly scopes: string;
  readonly name: string;
  readonly newUsers: 'register' | 'refuse';
}

/** What has to come back as it was sent. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface IdentityProvider {
  /** Where to send the browser, and what to check when it comes back. @throws HttpProblem 502 */
  begin(redirectUri: string): Promise<{ readonly url: URL; readonly checks: Checks }>;
  /**
   * Who signed in.
   * @param callback the address that the browser came back to
   * @throws HttpProblem 401 the provider's answer is not good; 502 the provider does not answer
   */
  complete(callback: URL, checks: Checks): Promise<Vouched>;
}

const metadataKeptMs = 10 * 60_000;

/** Signs people in with a provider, on `openid-client`. Every request goes through the egress guard. */
export function createIdentityProvider(settings: IdentityProviderSettings, fetch: GuardedFetch): IdentityProvider {
  const { kind, issuer, clientId, clientSecret, scopes } = settings;
  const loopback = new URL(issuer).protocol === 'http:';
  let known: { readonly at: number; readonly configuration: Promise<client.Configuration> } | undefined;

  const discover = async (): Promise<client.Configuration> => {
    const guarded: client.CustomFetch = (url, init) => fetch(url, init as RequestInit);
    const found =
      kind === 'github'
        ? new client.Configuration(githubMetadata(issuer), clientId, clientSecret)
        : await client.discovery(new URL(issuer), clientId, clientSecret, clientSecret ? undefined : client.None(), {
            [client.customFetch]: guarded,
            // The settings allow http for loopback alone.
            // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so only to stand out
            ...(loopback ? { execute: [client.allowInsecureRequests] } : {}),
          });
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above, for the provider without discovery
    if (loopback) client.allowInsecureRequests(found);
    found[client.customFetch] = guarded;
    return found;
  };
  const configuration = (): Promise<client.Configuration> => {
    if (!known || Date.now() - known.at > metadataKeptMs) {
      known = { at: Date.now(), configuration: discover() };
      // One that failed is asked again.
      known.configuration.catch(() => (known = undefined));
    }
    return known.configuration;
  };

  return {
    async begin(redirectUri) {
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
      const config = await asked(configuration());
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: scopes,
        state,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(kind === 'oidc' ? { nonce } : {}),
      });
      return { url, checks: { state, nonce, verifier } };
    },
    async complete(callback, { state, nonce, verifier }) {
      const config = await asked(configuration());
      const isOidc = kind === 'oidc';
      const tokens = await asked(
        client.authorizationCodeGrant(config, callback, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          ...(isOidc ? { expectedNonce: nonce, idTokenExpected: true } : {}),
        }),
      );
      if (!isOidc) return vouchedByGitHub(issuer, tokens.access_token, fetch);
      const claims = tokens.claims();
      if (!claims) throw refused('it sent no ID token');
      const more =
        config.serverMetadata().userinfo_endpoint && claims['email'] === undefined
          ? await asked(client.fetchUserInfo(config, tokens.access_token, claims.sub))
          : {};
      return vouchedBy(settings, { ...more, ...claims });
    },
  };
}

function githubMetadata(issuer: string): client.ServerMetadata {
  return {
    issuer,
    authorization_endpoint: `${issuer}/login/oauth/authorize`,
    token_endpoint: `${issuer}/login/oauth/access_token`,
  };
}

/** What goes wrong with the provider, in words for the person who wants to sign in; the cause is for the log. */
async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof client.AuthorizationResponseError) throw refused(`it answered ${error.error}`, error);
    if (error instanceof client.ResponseBodyError) throw refused(`it answered ${error.error}`, error);
    if (error instanceof client.ClientError && error.code !== 'OAUTH_TIMEOUT') {
      throw refused('its answer does not fit what was asked', error);
    }
    throw new HttpProblem(502, 'identity_provider_unavailable', 'the identity provider does not answer', {
      cause: error,
    });
  }
}

function refused(detail: string, cause?: unknown): HttpProblem {
  return new HttpProblem(401, 'sign_in_failed', `the identity provider did not sign you in: ${detail}`, { cause });
}
