import { derivedId } from './derived-id.ts';
import { DomainError } from '../domain/error.ts';
import { sessionDecider, type SessionEndReason, type SessionState } from '../domain/session/decider.ts';
import { userDecider, type Identity } from '../domain/user/decider.ts';
import { following, type CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';
import { hashOfRefreshToken, invalidRefreshToken, newRefreshToken, readRefreshToken } from './refresh-token.ts';
import { handle, transact } from './transaction.ts';
import { findUser, userIdByName, type ActiveUser, type UserDeps } from './users.ts';

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
 * The user whose name and password these are. A wrong password of a known user is recorded.
 * @throws DomainError `invalid_credentials`, the same and after as long for an unknown user
 */
export async function checkPassword(
  deps: SessionDeps,
  context: CommandContext,
  username: string,
  password: string,
): Promise<string> {
  return (await matchPassword(deps, context, username, password)).userId;
}

async function matchPassword(
  deps: SessionDeps,
  context: CommandContext,
  username: string,
  password: string,
): Promise<{ readonly userId: string; readonly passwordHash: string }> {
  const userId = await userIdByName(deps, username);
  const user = userId === undefined ? undefined : await findUser(deps, userId);
  // Of a user whose key is gone nobody knows the password: what stands in its place is no PHC string.
  const passwordHash = user?.passwordHash.startsWith('$') ? user.passwordHash : undefined;
  const matches = await deps.passwords.verify(passwordHash, password);
  if (userId === undefined || passwordHash === undefined || !matches) {
    if (userId !== undefined && user) await handle(deps, context, userDecider, userId, { type: 'RecordFailedLogin' });
    throw invalidCredentials();
  }
  return { userId, passwordHash };
}

/**
 * Checks a password and opens a session; its id is the command's. A wrong password of a known user is recorded.
 * @throws DomainError `invalid_credentials`, the same and after as long for an unknown user; `session_exists` the
 *   command comes again: its token was shown once
 */
export async function logIn(
  deps: SessionDeps,
  context: CommandContext,
  username: string,
  password: string,
): Promise<OpenedSession> {
  const { userId, passwordHash } = await matchPassword(deps, context, username, password);
  // Checking takes a while, in which the password may have been changed.
  return openSession(deps, context, userId, (user) => user.passwordHash === passwordHash);
}

/**
 * Opens a session for somebody whom an identity provider has vouched for; its id is the command's.
 * @throws DomainError `invalid_credentials` the identity is not linked to the user any more; `session_exists`
 */
export function logInByIdentity(
  deps: SessionDeps,
  context: CommandContext,
  userId: string,
  identity: Identity,
): Promise<OpenedSession> {
  const isLinked = ({ identities }: ActiveUser) =>
    identities.some(({ issuer, subject }) => issuer === identity.issuer && subject === identity.subject);
  return openSession(deps, context, userId, isLinked, identity);
}

async function openSession(
  deps: SessionDeps,
  context: CommandContext,
  userId: string,
  may: (user: ActiveUser) => boolean,
  identity?: Identity,
): Promise<OpenedSession> {
  const sessionId = context.commandId;
  const refreshToken = newRefreshToken(deps, sessionId);
  const expiresAt = new Date(deps.clock() + deps.refreshTokenTtlMs).toISOString();
  const byUser = { ...context, principal: { ...context.principal, actor: `user:${userId}` } };
  const { position, replayed } = await transact(deps, byUser, async (transaction) => {
    const now = await transaction.load(userDecider, userId);
    if (now.status !== 'active' || now.erasing || !may(now)) throw invalidCredentials();
    const login = { type: 'RecordLogin', sessionId, ...(identity ? { identity } : {}) } as const;
    await transaction.decide(userDecider, userId, login);
    const start = { type: 'StartSession', userId, tokenHash: hashOfRefreshToken(refreshToken), expiresAt } as const;
    return transaction.decide(sessionDecider, sessionId, start, { fresh: true });
  });
  if (replayed) throw new DomainError('conflict', 'session_exists', 'this login was answered before');
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
  const { sessionId, tokenHash: presentedHash } = readRefreshToken(deps, presented);
  const refreshToken = newRefreshToken(deps, sessionId);
  const { state, position, replayed } = await handle(deps, context, sessionDecider, sessionId, {
    type: 'RefreshSession',
    now: new Date(deps.clock()).toISOString(),
    presentedHash,
    nextHash: hashOfRefreshToken(refreshToken),
  });
  if (state.status !== 'open' || replayed) throw invalidRefreshToken();
  return { sessionId, userId: state.userId, refreshToken, position };
}

/** Ends a session: neither its refresh token nor its access tokens are good any more. */
export async function endSession(
  deps: CommandDeps,
  context: CommandContext,
  sessionId: string,
  reason: SessionEndReason,
): Promise<number> {
  const commandId = derivedId(`end session ${sessionId}`, context.commandId);
  const end = { type: 'EndSession', reason } as const;
  return (await handle(deps, following(context, commandId), sessionDecider, sessionId, end)).position;
}

/** The session as of its last event; `none` when there is no such session. */
export async function loadSession(deps: CommandDeps, sessionId: string): Promise<SessionState> {
  return (await load(deps.store, deps.aggregates, sessionDecider, `session-${sessionId}`)).state;
}

function invalidCredentials(): DomainError {
  return new DomainError('unauthenticated', 'invalid_credentials', 'the user name or the password is wrong');
}
