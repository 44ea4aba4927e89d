import { errors, type ClientMetadata, type Configuration } from 'oidc-provider';

const mostRedirects = 10;
const longestMetadata = 8192;
const longestName = 100;

/** Rules for what a client says of itself, besides those of the library. Anybody may register, and it is kept for good. */
export const clientRules: NonNullable<Configuration['extraClientMetadata']> = {
  // The library calls a validator for properties that it does not know; this one stands for the whole.
  properties: ['annals_client'],
  validator(_context, _key, value, metadata) {
    if (value !== undefined) refuse('annals_client is not a property of clients');
    checkClient(metadata);
  },
};

function checkClient(metadata: ClientMetadata): void {
  const { redirect_uris: redirects = [], client_name: name = '' } = metadata;
  if (redirects.length > mostRedirects) refuse(`redirect_uris must be ${mostRedirects} at most`);
  if (name.length > longestName || /\p{Cc}|\p{Cf}/u.test(name)) {
    refuse(`client_name must have ${longestName} characters at most, all of them visible`);
  }
  if (JSON.stringify(metadata).length > longestMetadata) refuse('there is too much of it');
  for (const redirect of redirects) {
    const { protocol, username, password } = new URL(redirect);
    // Who a browser is sent to has to be to see in the address.
    if (username !== '' || password !== '') refuse('redirect_uris must not hold a user name or a password');
    if (scripts.has(protocol)) refuse(`redirect_uris must not have the scheme ${protocol.slice(0, -1)}`);
  }
}

/** Schemes by which an address is a program or a file. */
const scripts: ReadonlySet<string> = new Set(['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:']);

function refuse(detail: string): never {
  throw new errors.InvalidClientMetadata(detail);
}
