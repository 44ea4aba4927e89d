import { auth, UnauthorizedError, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { withOAuth } from '@modelcontextprotocol/sdk/client/middleware.js';

export { auth, UnauthorizedError, withOAuth, type OAuthClientProvider };

type Saved<Name extends keyof OAuthClientProvider> =
  NonNullable<OAuthClientProvider[Name]> extends (value: infer Value, ...rest: never[]) => unknown ? Value : never;

export const redirectUri = 'http://localhost:33418/callback';

/** What an application keeps for the SDK's client, in memory. */
export class ClientMemory implements OAuthClientProvider {
  readonly redirectUrl = redirectUri;
  readonly clientMetadata = {
    client_name: 'A client of the tests',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  /** Where the user was to be sent. */
  sentTo: URL | undefined;
  information: Saved<'saveClientInformation'> | undefined;
  kept: Saved<'saveTokens'> | undefined;
  verifier = '';

  state = () => 'state-of-the-client';
  clientInformation = () => this.information;
  saveClientInformation(information: Saved<'saveClientInformation'>): void {
    this.information = information;
  }
  tokens = () => this.kept;
  saveTokens(tokens: Saved<'saveTokens'>): void {
    this.kept = tokens;
  }
  redirectToAuthorization(url: URL): void {
    this.sentTo = url;
  }
  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }
  codeVerifier = () => this.verifier;
}
