import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { endSession, loadSession, logIn, refreshSession, type SessionDeps } from '../../src/commands/sessions.ts';
import { changePassword, registerUser } from '../../src/commands/users.ts';
import type { PasswordHasher } from '../../src/ports/password-hasher.ts';
import { newCommand, openCommandSide, refusal, type CommandSide } from './harness.ts';

const ada = { username: 'ada', email: 'ada@example.org', password: 'correct horse battery staple' };
const day = 24 * 3_600_000;

/** A command side where Ada is registered, and has no session yet. */
async function openWithAda(): Promise<CommandSide & { readonly userId: string }> {
  const side = await openCommandSide();
  const context = newCommand();
  await registerUser(side.deps, context, ada);
  return { ...side, userId: context.commandId };
}

const logInAda = (deps: SessionDeps) => logIn(deps, newCommand(), 'ada', ada.password);

async function typesAfter(side: CommandSide, events: number): Promise<string[]> {
  return (await side.told()).slice(events);
}

describe('logging in', () => {
  it('opens a session and records both', async () => {
    const side = await openWithAda();
    const context = newCommand();
    const session = await logIn(side.deps, context, 'ADA', ada.password);
    expect(session).toMatchObject({ sessionId: context.commandId, userId: side.userId, position: 5 });
    expect(await typesAfter(side, 3)).toEqual(['user: UserLoggedIn', 'session: SessionStarted']);
    expect(await loadSession(side.deps, session.sessionId)).toMatchObject({
      status: 'open',
      userId: side.userId,
      expiresAt: new Date(side.time.now + 30 * day).toISOString(),
    });
  });

  it('is told as an act of the user', async () => {
    const side = await openWithAda();
    const anonymous = { actor: 'anonymous', userId: null, tenant: 'default', roles: [], sessionId: null };
    await logIn(side.deps, newCommand({ principal: anonymous }), 'ada', ada.password);
    const actors = (await side.log()).slice(3).map(({ metadata }) => metadata.actor);
    expect(actors).toEqual([`user:${side.userId}`, `user:${side.userId}`]);
  });

  it('keeps the refresh token as a hash only', async () => {
    const side = await openWithAda();
    const { refreshToken } = await logInAda(side.deps);
    const log = JSON.stringify(await side.log());
    for (const part of refreshToken.split('.').slice(1)) expect(log).not.toContain(part);
  });

  it('is refused for a wrong password, which is recorded', async () => {
    const side = await openWithAda();
    await refusal(logIn(side.deps, newCommand(), 'ada', 'guess'), 'unauthenticated', 'invalid_credentials');
    expect(await typesAfter(side, 3)).toEqual(['user: LoginFailed']);
  });

  it('is refused for an unknown name in the same words, and costs a hash all the same', async () => {
    const side = await openWithAda();
    const compared: (string | undefined)[] = [];
    const passwords: PasswordHasher = {
      hash: (password) => side.deps.passwords.hash(password),
      verify: (phc, password) => {
        compared.push(phc);
        return side.deps.passwords.verify(phc, password);
      },
    };
    const deps = { ...side.deps, passwords };
    const known = await refusal(logIn(deps, newCommand(), 'ada', 'guess'), 'unauthenticated', 'invalid_credentials');
    const unknown = await refusal(logIn(deps, newCommand(), 'eve', 'guess'), 'unauthenticated', 'invalid_credentials');
    expect(unknown.message).toBe(known.message);
    expect(compared).toEqual([expect.stringMatching(/^\$argon2id\$/), undefined]);
    expect(await typesAfter(side, 3)).toEqual(['user: LoginFailed']);
  });

  it('is possible from several places at the same moment', async () => {
    const side = await openWithAda();
    const sessions = await Promise.all([logInAda(side.deps), logInAda(side.deps), logInAda(side.elsewhere())]);
    expect(new Set(sessions.map(({ sessionId }) => sessionId)).size).toBe(3);
    for (const { refreshToken } of sessions) await refreshSession(side.deps, newCommand(), refreshToken);
  });

  it('fails with the old password when the new one came while it was being checked', async () => {
    const side = await openWithAda();
    const passwords: PasswordHasher = {
      hash: (password) => side.deps.passwords.hash(password),
      async verify(phc, password) {
        const matches = await side.deps.passwords.verify(phc, password);
        await changePassword(side.elsewhere(), newCommand(), side.userId, 'another long password');
        return matches;
      },
    };
    const attempt = logIn({ ...side.deps, passwords }, newCommand(), 'ada', ada.password);
    await refusal(attempt, 'unauthenticated', 'invalid_credentials');
    expect(await typesAfter(side, 3)).not.toContain('session: SessionStarted');
  });

  it('does not come again: its token is shown once', async () => {
    const side = await openWithAda();
    const context = newCommand();
    const { refreshToken } = await logIn(side.deps, context, 'ada', ada.password);
    await refusal(logIn(side.elsewhere(), context, 'ada', ada.password), 'conflict', 'session_exists');
    await refreshSession(side.deps, newCommand(), refreshToken);
  });
});

describe('refreshing a session', () => {
  it('gives the next token, and goes on so', async () => {
    const side = await openWithAda();
    const first = await logInAda(side.deps);
    const second = await refreshSession(side.deps, newCommand(), first.refreshToken);
    const third = await refreshSession(side.elsewhere(), newCommand(), second.refreshToken);
    expect(third).toMatchObject({ sessionId: first.sessionId, userId: side.userId });
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3);
  });

  it('with a token that was used before ends the session for all who hold it', async () => {
    const side = await openWithAda();
    const first = await logInAda(side.deps);
    const second = await refreshSession(side.deps, newCommand(), first.refreshToken);
    const reuse = refreshSession(side.deps, newCommand(), first.refreshToken);
    await refusal(reuse, 'unauthenticated', 'invalid_refresh_token');
    const log = await side.log();
    expect(log.at(-1)).toMatchObject({ type: 'SessionEnded', data: { reason: 'token_reused', userId: side.userId } });
    for (const token of [first, second].map(({ refreshToken }) => refreshToken)) {
      await refusal(refreshSession(side.deps, newCommand(), token), 'unauthenticated', 'invalid_refresh_token');
    }
    expect(await side.log()).toHaveLength(log.length);
  });

  it('with one token twice at the same moment ends the session', async () => {
    const side = await openWithAda();
    const { refreshToken, sessionId } = await logInAda(side.deps);
    const outcomes = await Promise.allSettled([
      refreshSession(side.deps, newCommand(), refreshToken),
      refreshSession(side.elsewhere(), newCommand(), refreshToken),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await loadSession(side.deps, sessionId)).toMatchObject({ status: 'ended' });
  });

  it('with a token that nobody was given is refused, and leaves the session alone', async () => {
    const side = await openWithAda();
    const { refreshToken, sessionId } = await logInAda(side.deps);
    const other = await logInAda(side.deps);
    const [, random = '', ...rest] = refreshToken.split('.');
    const log = await side.log();
    const guesses = [
      '',
      'token',
      sessionId,
      `${sessionId}.${'A'.repeat(43)}`,
      [sessionId, random.replace(/^./, (char) => (char === 'A' ? 'B' : 'A')), ...rest].join('.'),
      [sessionId, ...other.refreshToken.split('.').slice(1)].join('.'),
      [uuidv7(), random, ...rest].join('.'),
      `${refreshToken}x`,
      refreshToken.toUpperCase(),
    ];
    for (const guess of guesses) {
      const attempt = refreshSession(side.deps, newCommand(), guess);
      await refusal(attempt, 'unauthenticated', 'invalid_refresh_token');
    }
    expect(await side.log()).toHaveLength(log.length);
    await refreshSession(side.deps, newCommand(), refreshToken);
  });

  it('does not come again: its token is shown once', async () => {
    const side = await openWithAda();
    const { refreshToken } = await logInAda(side.deps);
    const context = newCommand();
    const next = await refreshSession(side.deps, context, refreshToken);
    await refusal(refreshSession(side.deps, context, refreshToken), 'unauthenticated', 'invalid_refresh_token');
    await refreshSession(side.deps, newCommand(), next.refreshToken);
  });

  it('ends with the time that the login gave, however often it was refreshed', async () => {
    const side = await openWithAda();
    const first = await logInAda(side.deps);
    side.time.now += 29 * day;
    const second = await refreshSession(side.deps, newCommand(), first.refreshToken);
    side.time.now += day;
    const late = refreshSession(side.deps, newCommand(), second.refreshToken);
    await refusal(late, 'unauthenticated', 'invalid_refresh_token');
  });
});

describe('ending a session', () => {
  it('makes its token worthless, and no other', async () => {
    const side = await openWithAda();
    const [one, other] = [await logInAda(side.deps), await logInAda(side.deps)];
    await endSession(side.deps, newCommand(), one.sessionId, 'logout');
    const attempt = refreshSession(side.elsewhere(), newCommand(), one.refreshToken);
    await refusal(attempt, 'unauthenticated', 'invalid_refresh_token');
    await refreshSession(side.deps, newCommand(), other.refreshToken);
  });

  it('of several by one command ends each of them', async () => {
    const side = await openWithAda();
    const sessions = [await logInAda(side.deps), await logInAda(side.deps)];
    const context = newCommand();
    for (const { sessionId } of sessions) await endSession(side.deps, context, sessionId, 'password_changed');
    for (const { sessionId } of sessions) {
      expect(await loadSession(side.deps, sessionId)).toEqual({ status: 'ended', userId: side.userId });
    }
  });

  it('has nothing to do for one that has ended or never was', async () => {
    const side = await openWithAda();
    const { sessionId } = await logInAda(side.deps);
    const position = await endSession(side.deps, newCommand(), sessionId, 'logout');
    expect(await endSession(side.deps, newCommand(), sessionId, 'logout')).toBe(position);
    expect(await endSession(side.deps, newCommand(), uuidv7(), 'logout')).toBe(0);
    expect(await side.store.head()).toBe(position);
  });
});
