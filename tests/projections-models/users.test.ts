import { describe, expect, it } from 'vitest';
import { sessions } from '../../src/projections/sessions/projection.ts';
import { users } from '../../src/projections/users/projection.ts';
import { at, id, on, rowOf } from './recorded.ts';

const registered = {
  type: 'UserRegistered',
  data: { username: 'Ada', email: 'ada@example.org', passwordHash: '$argon2id$x', roles: ['developer'] },
};

describe('the row of a user', () => {
  it('tells who he is and what he may, and when he last came in', () => {
    const row = rowOf(
      users,
      on(
        `user-${id}`,
        registered,
        { type: 'UserRolesChanged', data: { roles: ['admin', 'auditor'] } },
        { type: 'UserLoggedIn', data: { sessionId: 's1' } },
        { type: 'LoginFailed', data: { reason: 'wrong_password' } },
      ),
    );
    expect(row).toEqual({
      id,
      username: 'Ada',
      username_key: 'ada',
      email: 'ada@example.org',
      roles: '["admin","auditor"]',
      created_at: at(1),
      updated_at: at(2),
      last_login_at: at(3),
      revision: 3,
      created_position: 1,
      position: 4,
    });
  });
});

describe('the row of a session', () => {
  const started = {
    type: 'SessionStarted',
    data: { userId: 'u1', tokenHash: 'h', expiresAt: '2026-04-01T00:00:00.000Z' },
  };

  it('follows it from the login to its end', () => {
    const row = rowOf(
      sessions,
      on(
        `session-${id}`,
        started,
        { type: 'SessionRefreshed', data: { tokenHash: 'h2' } },
        { type: 'SessionEnded', data: { userId: 'u1', reason: 'token_reused' } },
      ),
    );
    expect(row).toEqual({
      id,
      user_id: 'u1',
      status: 'ended',
      started_at: at(1),
      refreshed_at: at(2),
      expires_at: '2026-04-01T00:00:00.000Z',
      ended_at: at(3),
      reason: 'token_reused',
      revision: 2,
      position: 3,
    });
  });
});
