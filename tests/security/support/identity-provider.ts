import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import { errors, Provider } from 'oidc-provider';

/**
 * An identity provider in a process of its own: `oidc-provider`, which signs in whoever the last line on stdin says, and
 * tells its address on stdout.
 */
export interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: unknown;
  readonly preferred_username?: string;
  readonly groups?: readonly string[];
}

const redirectUri = process.argv[2] ?? '';
/** What access tokens may be asked for; clients of these register themselves. */
const resources = process.argv.slice(3);
const scopes = ['mcp:read', 'mcp:call', 'execution:read'];
const people = new Map<string, Person>();
let last = '';
let rest = '';
process.stdin.on('data', (chunk: Buffer) => {
  rest += chunk.toString();
  for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
    const person = JSON.parse(rest.slice(0, end)) as Person;
    people.set(person.sub, person);
    last = person.sub;
    rest = rest.slice(end + 1);
    process.stdout.write(`ready ${last}\n`);
  }
});
process.stdin.on('end', () => process.exit(0));

const server = createServer((request, response) => void answer(request, response));
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const { ANNALS_TEST_SIGNING_KEY: given } = process.env;
const key: JWK =
  given === undefined
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
    : (JSON.parse(given) as JWK);
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'annals',
      client_secret: 'the secret of annals at its provider',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig', kid: 'one' }] },
  ...(resources.length > 0 ? { scopes: ['openid', 'offline_access', ...scopes] } : {}),
  cookies: { keys: ['a key of the tests'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: resources.length > 0 },
    resourceIndicators: {
      enabled: resources.length > 0,
      getResourceServerInfo: (_ctx, audience) => {
        if (!resources.includes(audience)) throw new errors.InvalidTarget();
        return { audience, scope: scopes.join(' '), accessTokenFormat: 'jwt' };
      },
    },
  },
  extraTokenClaims: (_ctx, token) => ({ ...('accountId' in token ? people.get(token.accountId) : {}) }),
  interactions: { url: (_ctx, { uid }) => `/step/${uid}` },
  findAccount: (_ctx, sub) => {
    const person = people.get(sub);
    return person && { accountId: sub, claims: () => ({ ...person }) };
  },
});
const callback = provider.callback();

/** Whoever comes is who was named last, and allows everything. */
async function answer(...[request, response]: Parameters<typeof callback>): Promise<void> {
  if (request.url?.startsWith('/step/') !== true) return callback(request, response);
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: last } });
  }
  const grant = new provider.Grant({ accountId: last, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  const { resource } = params;
  if (typeof resource === 'string') grant.addResourceScope(resource, String(params['scope']));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

process.stdout.write(`listening ${issuer}\n`);
