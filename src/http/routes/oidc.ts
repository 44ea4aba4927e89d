import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { recognise } from '../../commands/identities.ts';
import { logInByIdentity } from '../../commands/sessions.ts';
import type { CommandContext } from '../../commands/context.ts';
import { createIdentityProvider } from '../oidc/identity-provider.ts';
import { mayReturnTo } from '../oidc/return-address.ts';
import { seal, unseal } from '../oidc/sealed.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { defineRoute } from '../route/define-route.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { Route } from '../route/route.ts';
import { tokens } from '../schemas/user.ts';
import { endWaysIn } from './end-ways-in.ts';
import type { RouteParts } from './parts.ts';
import { tokenAnswer } from './token-answer.ts';

const base = '/api/v1/auth/oidc';
const cookieName = 'annals_sign_in';
const signInMs = 10 * 60_000;
const codeMs = 60_000;

const challenge = z
  .string()
  .regex(/^[\w-]{43}$/, 'must be the SHA-256 of your verifier, in base64url (43 characters)')
  .meta({ description: 'Binds the sign-in to who began it, as in PKCE (RFC 7636)' });

/** Signing in with an identity provider; no routes when the settings name none. */
export function oidcRoutes(parts: RouteParts): readonly Route[] {
  const { settings, commands, oauth, fetch, logger } = parts;
  const { identityProvider: provider } = settings;
  if (!provider) return [];
  const identityProvider = createIdentityProvider(provider, fetch);
  const callbackUrl = () => `${oauth.addresses().origin}${base}/callback`;

  return [
    defineRoute({
      method: 'get',
      path: `${base}/start`,
      summary: `Sign in with ${provider.name}`,
      description:
        'Open it in a browser. It leads to the identity provider and back, and ends with a one-time code: on a page, or at ' +
        '`returnTo`, an address of a program on the same machine (http on loopback) or of this server. The code and the ' +
        'verifier are exchanged for tokens by `POST /api/v1/auth/oidc/token`.',
      tags: ['auth'],
      access: { public: true },
      problems: [404, 502],
      request: { query: z.strictObject({ challenge, returnTo: z.string().max(500).exactOptional() }) },
      responses: { 302: { description: 'To the identity provider' } },
      async handler({ query: { challenge: given, returnTo } }) {
        const { origin } = oauth.addresses();
        if (returnTo !== undefined && !mayReturnTo(returnTo, origin)) {
          const faults = [
            { pointer: '/returnTo', detail: 'must be http on loopback, or this server', in: 'query' },
          ] as const;
          throw new HttpProblem(422, 'invalid_input', 'this is no address to return to', { faults });
        }
        const { url, checks } = await identityProvider.begin(callbackUrl());
        const sealed = seal(commands, 'sign-in', { ...checks, challenge: given, returnTo }, signInMs);
        return redirect(302, url.href, cookie(origin, sealed, signInMs / 1000));
      },
    }),
    defineRoute({
      method: 'get',
      path: `${base}/callback`,
      summary: 'Where the identity provider sends the browser back to',
      tags: ['auth'],
      access: { public: true },
      undocumented: true,
      raw: true,
      responses: { 303: { description: 'To `returnTo`' } },
      async handler(_input, context) {
        const { origin } = oauth.addresses();
        const begun = unseal(commands, 'sign-in', cookieOf(context) ?? '');
        if (!begun) {
          const detail = 'this sign-in is over, or began in another browser: begin again';
          throw new HttpProblem(400, 'sign_in_unknown', detail, { headers: cookie(origin, '', 0) });
        }
        const { state, nonce, verifier, challenge: bound, returnTo } = begun;
        const callback = new URL(callbackUrl());
        callback.search = new URL(context.request.url, callback).search;
        const checks = { state: String(state), nonce: String(nonce), verifier: String(verifier) };
        const vouched = await identityProvider.complete(callback, checks);
        const command = context.command();
        const recognised = await recognise(commands, command, vouched, {
          mayRegister: provider.newUsers === 'register',
          endWaysIn: (userId, after) => endWaysIn(parts, command, userId, after),
        });
        logger.info({ userId: recognised.userId, as: recognised.as }, 'signed in by an identity provider');
        const content = { id: uuidv7(), userId: recognised.userId, challenge: bound, ...vouched.identity };
        const code = seal(commands, 'sign-in code', content, codeMs);
        if (typeof returnTo === 'string') {
          const to = new URL(returnTo);
          to.searchParams.set('code', code);
          return redirect(303, to.href, cookie(origin, '', 0));
        }
        const headers = { ...cookie(origin, '', 0), 'Cache-Control': 'no-store' };
        return { kind: 'text', status: 200, contentType: 'text/plain; charset=utf-8', headers, text: `${code}\n` };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${base}/token`,
      summary: 'Exchange the code of a sign-in for tokens',
      description:
        'The code is good once, for a minute, and for who has the verifier whose SHA-256 the sign-in began with.',
      tags: ['auth'],
      access: { public: true },
      secretAnswer: true,
      problems: [401, 409],
      request: {
        body: z
          .strictObject({ code: z.string().min(1).max(4096), verifier: z.string().min(43).max(128) })
          .meta({ id: 'SignInCode' }),
      },
      responses: { 200: { description: 'Signed in', schema: tokens } },
      async handler({ body: { code, verifier } }, context) {
        const content = unseal(commands, 'sign-in code', code);
        const bound = createHash('sha256').update(verifier).digest('base64url');
        if (content?.['challenge'] !== bound) {
          throw new HttpProblem(401, 'invalid_code', 'the code is not good, or not for this verifier');
        }
        const { id, userId, issuer, subject } = content;
        // The session takes the id of the code: a code that comes again finds it there.
        const command: CommandContext = { ...context.command(), commandId: String(id) };
        const identity = { issuer: String(issuer), subject: String(subject) };
        return tokenAnswer(parts, await logInByIdentity(commands, command, String(userId), identity));
      },
    }),
  ];
}

function cookieOf({ request }: RequestContext): string | undefined {
  const pairs = request.headers.cookie?.split(';').map((pair) => pair.trim()) ?? [];
  return pairs.find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);
}

/** Lax, because the browser comes back from another site; and read by no script. */
function cookie(origin: string, value: string, maxAge: number): Readonly<Record<string, string>> {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return { 'Set-Cookie': `${cookieName}=${value}; Path=${base}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}` };
}

function redirect(status: number, to: string, headers: Readonly<Record<string, string>>) {
  const head = { ...headers, Location: to, 'Cache-Control': 'no-store' };
  return { kind: 'text', status, contentType: 'text/plain; charset=utf-8', headers: head, text: '' } as const;
}
