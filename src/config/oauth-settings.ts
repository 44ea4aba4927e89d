import { z } from 'zod';
import { choice } from './parsers.ts';
import { setting } from './setting.ts';

const clients = { group: 'OAuth clients' };

/** See docs/oauth.md. */
export const oauthSettings = {
  oauthIssuer: setting({
    ...clients,
    name: 'ANNALS_OAUTH_ISSUER',
    description:
      'Issuer of an authorization server elsewhere, letter by letter as it stands in its tokens: its access tokens for ' +
      'ANNALS_PUBLIC_URL are accepted. Its users are known by the rules of signing in: ANNALS_OIDC_ROLES_CLAIM, ' +
      'ANNALS_OIDC_ROLES and ANNALS_OIDC_NEW_USERS hold for them as well.',
    defaultText: 'unset: clients get their tokens here',
    example: 'https://login.example.com/realms/staff',
    schema: z.optional(z.url({ protocol: /^https?$/, error: 'is not an http or https URL' })),
  }),
  oauthServer: setting({
    ...clients,
    name: 'ANNALS_OAUTH_SERVER',
    description:
      "Whether this server has an authorization server of its own: on, off, or auto, which is on unless another one's " +
      'issuer is set. Off, the tokens that it gave are refused.',
    defaultText: 'auto',
    example: 'on',
    schema: choice(['auto', 'on', 'off'], 'auto'),
  }),
};
