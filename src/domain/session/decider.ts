import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

export type SessionEndReason = 'logout' | 'token_reused' | 'password_changed' | 'roles_changed' | 'user_erased';

export type SessionEvent =
  | DomainEvent<
      'SessionStarted',
      /** SHA-256 of the refresh token; the time after which it is worth nothing (RFC 3339). */
      { readonly userId: string; readonly tokenHash: string; readonly expiresAt: string }
    >
  | DomainEvent<'SessionRefreshed', { readonly tokenHash: string }>
  | DomainEvent<'SessionEnded', { readonly userId: string; readonly reason: SessionEndReason }>;

export type SessionState =
  | { readonly status: 'none' }
  | { readonly status: 'open'; readonly userId: string; readonly tokenHash: string; readonly expiresAt: string }
  | { readonly status: 'ended'; readonly userId: string };

export type SessionCommand =
  | {
      readonly type: 'StartSession';
      readonly userId: string;
      readonly tokenHash: string;
      readonly expiresAt: string;
    }
  | { readonly type: 'RefreshSession'; readonly presentedHash: string; readonly nextHash: string; readonly now: string }
  | { readonly type: 'EndSession'; readonly reason: SessionEndReason };

/**
 * One login and the family of refresh tokens that grew from it. Only the newest token is good; an older one that is
 * presented again was copied, and ends the family (RFC 9700, 4.14.2).
 */
export const sessionDecider: Decider<SessionState, SessionCommand, SessionEvent> = {
  category: 'session',
  initialState: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'SessionStarted':
        return { status: 'open', ...event.data };
      case 'SessionRefreshed':
        return state.status === 'open' ? { ...state, tokenHash: event.data.tokenHash } : state;
      case 'SessionEnded':
        return { status: 'ended', userId: event.data.userId };
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'StartSession') {
      if (state.status !== 'none') throw new DomainError('conflict', 'session_exists', 'this session is known');
      const { userId, tokenHash, expiresAt } = command;
      return [{ type: 'SessionStarted', data: { userId, tokenHash, expiresAt } }];
    }
    if (command.type === 'EndSession') {
      if (state.status !== 'open') return [];
      return [{ type: 'SessionEnded', data: { userId: state.userId, reason: command.reason } }];
    }
    if (state.status !== 'open' || state.expiresAt <= command.now) throw refused();
    if (command.presentedHash !== state.tokenHash) {
      return [{ type: 'SessionEnded', data: { userId: state.userId, reason: 'token_reused' } }];
    }
    return [{ type: 'SessionRefreshed', data: { tokenHash: command.nextHash } }];
  },
};

function refused(): DomainError {
  return new DomainError('unauthenticated', 'invalid_refresh_token', 'the refresh token is not valid');
}
