import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionDecider, type SessionCommand, type SessionEvent } from '../../src/domain/session/decider.ts';
import { accepted, fold, scenariosOf } from './given.ts';

const given = scenariosOf(sessionDecider);

const [now, expiresAt, afterwards] = [
  '2026-03-01T10:00:00.000Z',
  '2026-03-02T10:00:00.000Z',
  '2026-03-02T10:00:00.001Z',
];
const opening = { userId: 'u1', tokenHash: 'hash-0', expiresAt };
const started: SessionEvent = { type: 'SessionStarted', data: opening };
const refreshed = (tokenHash: string): SessionEvent => ({ type: 'SessionRefreshed', data: { tokenHash } });
const ended = (reason: 'logout' | 'token_reused'): SessionEvent => ({
  type: 'SessionEnded',
  data: { userId: 'u1', reason },
});
const refresh = (presentedHash: string, nextHash: string, at = now): SessionCommand => {
  return { type: 'RefreshSession', presentedHash, nextHash, now: at };
};

describe('a session', () => {
  it('starts for a user, with the hash of its first refresh token', () => {
    given([])
      .when({ type: 'StartSession', ...opening })
      .then([started]);
  });

  it('starts once', () => {
    given([started])
      .when({ type: 'StartSession', ...opening })
      .thenRejects('conflict', 'session_exists');
    given([started, ended('logout')])
      .when({ type: 'StartSession', ...opening })
      .thenRejects('conflict', 'session_exists');
  });

  it('gives the next token for the newest one', () => {
    given([started])
      .when(refresh('hash-0', 'hash-1'))
      .then([refreshed('hash-1')]);
    given([started, refreshed('hash-1')])
      .when(refresh('hash-1', 'hash-2'))
      .then([refreshed('hash-2')]);
  });

  it('ends for all who hold it when an older token comes again', () => {
    given([started, refreshed('hash-1')])
      .when(refresh('hash-0', 'hash-2'))
      .then([ended('token_reused')]);
  });

  it('gives nothing more after its end, not even for the token that was newest', () => {
    const over = [started, refreshed('hash-1'), ended('token_reused')];
    given(over).when(refresh('hash-1', 'hash-2')).thenRejects('unauthenticated', 'invalid_refresh_token');
    given(over).when(refresh('hash-0', 'hash-2')).thenRejects('unauthenticated', 'invalid_refresh_token');
  });

  it('is worth nothing from the time at which it expires', () => {
    given([started])
      .when(refresh('hash-0', 'hash-1', expiresAt))
      .thenRejects('unauthenticated', 'invalid_refresh_token');
    given([started])
      .when(refresh('hash-0', 'hash-1', afterwards))
      .thenRejects('unauthenticated', 'invalid_refresh_token');
  });

  it('is not prolonged by a refresh', () => {
    expect(fold(sessionDecider, [started, refreshed('hash-1')])).toMatchObject({ expiresAt, tokenHash: 'hash-1' });
  });

  it('must have started before it is refreshed', () => {
    given([]).when(refresh('hash-0', 'hash-1')).thenRejects('unauthenticated', 'invalid_refresh_token');
  });

  it('ends once, with its reason and its user', () => {
    given([started])
      .when({ type: 'EndSession', reason: 'logout' })
      .then([ended('logout')]);
    given([started, ended('logout')])
      .when({ type: 'EndSession', reason: 'password_changed' })
      .then([]);
  });

  it('has nothing to end when it never started', () => {
    given([]).when({ type: 'EndSession', reason: 'logout' }).then([]);
  });

  it('accepts the newest token and no other, under any sequence', () => {
    /** Which of the tokens issued so far is presented, counted from the newest; or the session is ended. */
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat(5) },
      { weight: 1, arbitrary: fc.constant('end' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let state = fold(sessionDecider, [started]);
        const issued = ['hash-0'];
        let open = true;
        for (const [index, step] of steps.entries()) {
          if (step === 'end') {
            const events = accepted(sessionDecider, { type: 'EndSession', reason: 'logout' }, state);
            expect(events).toEqual(open ? [ended('logout')] : []);
            open = false;
            state = (events ?? []).reduce(sessionDecider.evolve, state);
            continue;
          }
          const next = `hash-${index + 1}`;
          const presented = issued.at(-1 - step) ?? 'hash-0';
          const newest = presented === issued.at(-1);
          const events = accepted(sessionDecider, refresh(presented, next), state);
          expect(events).toEqual(!open ? undefined : newest ? [refreshed(next)] : [ended('token_reused')]);
          if (open && newest) issued.push(next);
          else open = false;
          state = (events ?? []).reduce(sessionDecider.evolve, state);
          expect(state.status).toBe(open ? 'open' : 'ended');
        }
      }),
    );
  });
});
