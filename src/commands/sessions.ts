import { createHash, randomBytes } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';
import { DomainError } from '../domain/error.ts';
import { sessionDecider, type SessionEndReason, type SessionState } from '../domain/session/decider.ts';
import { userDecider } from '../domain/user/decider.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';
import { handle, transact } from './transaction.ts';
import { loadUser, userIdByName, type UserDeps } from './users.ts';

export interface SessionDeps extends UserDeps {
  readonly refreshTokenTtlMs: number;
}

/** An open session, and the only refresh token that continues it. The token is shown once and kept as a hash. */
export interface OpenedSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
  readonly position: number;
}

/**
 * Checks a password and opens a session; its id is the command's. A wrong password of a known user is recorded.
 * @throws DomainError `invalid_credentials`, the same and after as long for an unknown user
 */
export async function logIn(
  deps: SessionDeps,
  context: CommandContext,
  username: string,
  password: string,
): Promise<OpenedSession> {
  const userId = await userIdByName(deps, username);
  const user = userId === undefined ? undefined : await loadUser(deps, userId);
  const matches = await deps.passwords.verify(user?.passwordHash, password);
  if (userId === undefined || !matches) {
    if (userId !== undefined) await handle(deps, context, userDecider, userId, { type: 'RecordFailedLogin' });
    throw new DomainError('unauthenticated', 'invalid_credentials', 'the user name or the password is wrong');
  }
  const sessionId = context.commandId;
  const refreshToken = newToken(sessionId);
  const expiresAt = new Date(deps.clock() + deps.refreshTokenTtlMs).toISOString();
  const byUser = { ...context, principal: { ...context.principal, actor: `user:${userId}` } };
  const { position } = await transact(deps, byUser, async (transaction) => {
    await transaction.decide(userDecider, userId, { type: 'RecordLogin', sessionId });
    const start = { type: 'StartSession', userId, tokenHash: hashToken(refreshToken), expiresAt } as const;
    return transaction.decide(sessionDecider, sessionId, start, { fresh: true });
  });
  return { sessionId, userId, refreshToken, position };
}

/**
 * Exchanges a refresh token for the next one. An old one that comes again ends the session for all who hold it.
 * @throws DomainError `invalid_refresh_token`
 */
export async function refreshSession(
  deps: SessionDeps,
  context: CommandContext,
  presented: string,
): Promise<OpenedSession> {
  const sessionId = sessionOf(presented);
  const refreshToken = newToken(sessionId);
  const now = new Date(deps.clock()).toISOString();
  const hashes = { presentedHash: hashToken(presented), nextHash: hashToken(refreshToken) };
  const { state, position } = await handle(deps, context, sessionDecider, sessionId, {
    type: 'RefreshSession',
    now,
    ...hashes,
  });
  if (state.status !== 'open') throw invalidToken();
  return { sessionId, userId: state.userId, refreshToken, position };
}

/** Ends a session: neither its refresh token nor its access tokens are good any more. */
export async function endSession(
  deps: CommandDeps,
  context: CommandContext,
  sessionId: string,
  reason: SessionEndReason,
): Promise<number> {
  const commandId = uuidv5(`end session ${sessionId}`, context.commandId);
  const end = { type: 'EndSession', reason } as const;
  return (await handle(deps, { ...context, commandId }, sessionDecider, sessionId, end)).position;
}

/** The session as of its last event; `none` when there is no such session. */
export async function loadSession(deps: CommandDeps, sessionId: string): Promise<SessionState> {
  return (await load(deps.store, deps.aggregates, sessionDecider, `session-${sessionId}`)).state;
}

function newToken(sessionId: string): string {
  return `${sessionId}.${randomBytes(32).toString('base64url')}`;
}

function sessionOf(token: string): string {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w-]{43}$/.exec(token);
  if (!match?.[1]) throw invalidToken();
  return match[1];
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function invalidToken(): DomainError {
  return new DomainError('unauthenticated', 'invalid_refresh_token', 'the refresh token is not valid');
}
