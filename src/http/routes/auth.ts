import { z } from 'zod';
import { effectivePermissions } from '../../domain/access/effective.ts';
import { endSession, logIn, refreshSession } from '../../commands/sessions.ts';
import { loadUser, registerUser } from '../../commands/users.ts';
import { ok } from '../answer.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { defineRoute } from '../route/define-route.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { Route } from '../route/route.ts';
import { keySet, login, me, refreshToken, registeredUser, registration, tokens } from '../schemas/user.ts';
import { endSessionsOf } from './end-sessions.ts';
import { guarded } from './login-attempt.ts';
import { passwordRoute } from './password.ts';
import type { RouteParts } from './parts.ts';
import { tokenAnswer } from './token-answer.ts';

/** Registering, logging in and out. */
export function authRoutes(parts: RouteParts): readonly Route[] {
  const { commands, principals, keys } = parts;
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/auth/register',
      summary: 'Register a person',
      description: 'The person gets the role developer; an administrator can give other roles.',
      tags: ['auth'],
      access: { public: true },
      problems: [410],
      request: { body: registration },
      responses: { 201: { description: 'Registered', schema: registeredUser } },
      examples: [
        {
          summary: 'A new user',
          body: { username: 'ada', email: 'ada@example.org', password: 'correct horse battery staple' },
        },
      ],
      async handler({ body }, context) {
        const { state, revision, position } = await parts.logins.hashing(() =>
          registerUser(commands, context.command(), body),
        );
        if (state.status !== 'active') throw new Error('a registered user is active');
        const { username, email, roles } = state;
        const id = context.commandId;
        const headers = { Location: `/api/v1/users/${id}` };
        return { status: 201, headers, body: { id, username, email, roles }, about: id, revision, position };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/auth/login',
      summary: 'Log in',
      description: 'Opens a session. The access token goes into `Authorization: Bearer` of every other request.',
      tags: ['auth'],
      access: { public: true },
      secretAnswer: true,
      problems: [401],
      request: { body: login },
      responses: { 200: { description: 'Logged in', schema: tokens } },
      examples: [
        { summary: 'By name and password', body: { username: 'ada', password: 'correct horse battery staple' } },
      ],
      async handler({ body: { username, password } }, context) {
        const session = await guarded(parts.logins, username, context, () =>
          logIn(commands, context.command(), username, password),
        );
        return tokenAnswer(parts, session);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/auth/refresh',
      summary: 'Exchange a refresh token for new tokens',
      description:
        'Each refresh token is good once. One that comes a second time ends the session for all who hold it.',
      tags: ['auth'],
      access: { public: true },
      secretAnswer: true,
      problems: [401],
      request: { body: z.strictObject({ refreshToken }).meta({ id: 'Refresh' }) },
      responses: { 200: { description: 'New tokens', schema: tokens } },
      async handler({ body }, context) {
        return tokenAnswer(parts, await refreshSession(commands, context.command(), body.refreshToken));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/auth/logout',
      summary: 'End the session',
      description:
        'Its access tokens and its refresh token are refused from now on. With `everywhere`, so are those of every other ' +
        'session of the user.',
      tags: ['auth'],
      access: { permission: 'self:manage', session: true },
      request: {
        body: z
          .strictObject({ refreshToken: refreshToken.exactOptional(), everywhere: z.boolean().default(false) })
          .meta({ id: 'Logout' }),
        bodyOptional: true,
      },
      responses: { 204: { description: 'Ended' } },
      async handler({ body }, context) {
        const sessionId = sessionOf(context);
        if (body.refreshToken !== undefined && !body.refreshToken.startsWith(`${sessionId}.`)) {
          const faults = [{ pointer: '/refreshToken', detail: 'is not of this session' }];
          throw new HttpProblem(422, 'invalid_input', 'the refresh token is of another session', { faults });
        }
        const command = context.command();
        const position = await endSession(commands, command, sessionId, 'logout');
        const { userId } = context.principal;
        if (body.everywhere && userId !== null) {
          const all = { userId, reason: 'logout', kept: null, after: position } as const;
          return { status: 204, position: await endSessionsOf(parts, command, all) };
        }
        await principals.caughtUp(position);
        return { status: 204, position };
      },
    }),
    passwordRoute(parts),
    defineRoute({
      method: 'get',
      path: '/.well-known/jwks.json',
      summary: 'The public keys of access tokens',
      description:
        'A JSON Web Key Set (RFC 7517): the key that signs now, the one before it and the next. Empty when tokens are ' +
        'signed by HS256.',
      tags: ['auth'],
      access: { public: true },
      crossOrigin: true,
      responses: { 200: { description: 'The keys', schema: keySet } },
      examples: [{ summary: 'Now' }],
      handler: () => ({
        ...ok({ keys: [...keys.published(commands.clock())] }),
        headers: { 'Cache-Control': 'public, max-age=3600' },
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/auth/me',
      summary: 'Who I am and what I may do',
      tags: ['auth'],
      access: { permission: 'self:manage' },
      responses: { 200: { description: 'The user of the access token', schema: me } },
      examples: [{ summary: 'The user of the access token' }],
      async handler(_input, { principal }) {
        const id = userOf(principal.userId);
        const { username, email, roles } = await loadUser(commands, id);
        return ok({ id, username, email, roles, permissions: effectivePermissions(principal) });
      },
    }),
  ];
}

function sessionOf({ principal: { sessionId } }: RequestContext): string {
  if (sessionId === null) throw new HttpProblem(409, 'no_session', 'this credential belongs to no session');
  return sessionId;
}

function userOf(userId: string | null): string {
  if (userId === null) throw new HttpProblem(404, 'user_not_found', 'this credential belongs to no user');
  return userId;
}
