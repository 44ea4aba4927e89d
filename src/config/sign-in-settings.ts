import { z } from 'zod';
import { choice, text } from './parsers.ts';
import { setting } from './setting.ts';

const signIn = { group: 'Signing in with an identity provider' };

const pairs = z.optional(z.string()).transform((value, context): ReadonlyMap<string, string> => {
  const map = new Map<string, string>();
  for (const part of value?.split(',') ?? []) {
    const [from = '', to = '', ...more] = part.split('=').map((side) => side.trim());
    if (from === '' || to === '' || more.length > 0) {
      context.issues.push({ code: 'custom', message: `holds "${part}", which is not VALUE=ROLE`, input: value });
      return z.NEVER;
    }
    map.set(from, to);
  }
  return map;
});

/** See docs/oauth.md. */
export const signInSettings = {
  oidcIssuer: setting({
    ...signIn,
    name: 'ANNALS_OIDC_ISSUER',
    description:
      'Issuer of the identity provider that people may sign in with: its metadata is found by discovery. For GitHub, ' +
      'https://github.com or the address of a GitHub Enterprise server.',
    defaultText: 'unset: people sign in with their passwords',
    example: 'https://login.example.com/realms/staff',
    schema: z.optional(z.url({ protocol: /^https?$/, error: 'is not an http or https URL' })),
  }),
  oidcKind: setting({
    ...signIn,
    name: 'ANNALS_OIDC_KIND',
    description: 'What the provider speaks: oidc (OpenID Connect), or github, which has no discovery.',
    defaultText: 'github for https://github.com, else oidc',
    example: 'github',
    schema: z.optional(z.enum(['oidc', 'github'], 'is not one of: oidc, github')),
  }),
  oidcClientId: setting({
    ...signIn,
    name: 'ANNALS_OIDC_CLIENT_ID',
    description:
      'Id of this server at the provider. Its redirect URI there is /api/v1/auth/oidc/callback of ANNALS_PUBLIC_URL.',
    defaultText: 'annals',
    example: 'annals-staging',
    schema: text('annals'),
  }),
  oidcClientSecret: setting({
    ...signIn,
    name: 'ANNALS_OIDC_CLIENT_SECRET',
    description: 'The secret that the provider gave with it. Without one, PKCE alone proves who asks.',
    defaultText: 'unset',
    example: 'the secret, from the provider',
    secret: true,
    schema: z.optional(z.string()),
  }),
  oidcScopes: setting({
    ...signIn,
    name: 'ANNALS_OIDC_SCOPES',
    description: 'Scopes to ask the provider for, separated by spaces.',
    defaultText: 'openid email profile; for GitHub: read:user user:email',
    example: 'openid email profile groups',
    schema: text(''),
  }),
  oidcName: setting({
    ...signIn,
    name: 'ANNALS_OIDC_NAME',
    description: 'What people call the provider.',
    defaultText: 'its host name',
    example: 'Example Login',
    schema: text(''),
  }),
  oidcRolesClaim: setting({
    ...signIn,
    name: 'ANNALS_OIDC_ROLES_CLAIM',
    description:
      'Claim of the ID token that holds values (a text or a list of texts) which ANNALS_OIDC_ROLES turns into roles. When ' +
      'it is set, each sign-in sets the roles to what it says, none included.',
    defaultText: 'unset: roles are given here',
    example: 'groups',
    schema: text(''),
  }),
  oidcRoles: setting({
    ...signIn,
    name: 'ANNALS_OIDC_ROLES',
    description: 'Which value of the claim stands for which role: VALUE=ROLE, separated by commas.',
    defaultText: 'empty: no value stands for a role',
    example: 'tools-admins=admin,engineering=developer',
    schema: pairs,
  }),
  oidcNewUsers: setting({
    ...signIn,
    name: 'ANNALS_OIDC_NEW_USERS',
    description: 'What happens to somebody whom nobody here knows: register gives an account, refuse sends away.',
    defaultText: 'register',
    example: 'refuse',
    schema: choice(['register', 'refuse'], 'register'),
  }),
};
