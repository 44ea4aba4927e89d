import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

/** Somebody as an identity provider knows him: never his e-mail address, which may become another's. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export type UserRegistered = DomainEvent<
  'UserRegistered',
  {
    readonly username: string;
    readonly email: string;
    /** PHC string; shown to nobody. */
    readonly passwordHash: string;
    readonly roles: readonly string[];
  }
>;
export type PasswordChanged = DomainEvent<'PasswordChanged', { readonly passwordHash: string }>;
export type UserRolesChanged = DomainEvent<'UserRolesChanged', { readonly roles: readonly string[] }>;
export type UserLoggedIn = DomainEvent<
  'UserLoggedIn',
  {
    readonly sessionId: string;
    /** Who vouched for the user; absent: the password. */
    readonly identity?: Identity;
  }
>;
/** The user is from now on also who this identity provider says. */
export type UserIdentityLinked = DomainEvent<'UserIdentityLinked', Identity>;
export type LoginFailed = DomainEvent<'LoginFailed', { readonly reason: 'wrong_password' }>;
/**
 * Begins what ends with UserErased: nobody comes in as the user any more, and he can be given nothing. It is not taken
 * back.
 */
export type UserErasureBegan = DomainEvent<'UserErasureBegan', Readonly<Record<string, never>>>;
/** The last event of a user: the key that his personal data is sealed with is gone, and nothing of it can be read again. */
export type UserErased = DomainEvent<'UserErased', Readonly<Record<string, never>>>;

export type UserEvent =
  | UserRegistered
  | PasswordChanged
  | UserRolesChanged
  | UserLoggedIn
  | UserIdentityLinked
  | LoginFailed
  | UserErasureBegan
  | UserErased;

export type UserState =
  | { readonly status: 'unregistered' }
  | { readonly status: 'erased' }
  | {
      readonly status: 'active';
      readonly username: string;
      readonly email: string;
      readonly passwordHash: string;
      readonly roles: readonly string[];
      readonly identities: readonly Identity[];
      /** Erasing the user has begun, and is to be gone on with. */
      readonly erasing?: true;
    };

export type UserCommand =
  | ({ readonly type: 'RegisterUser' } & UserRegistered['data'])
  | { readonly type: 'ChangePassword'; readonly passwordHash: string }
  | { readonly type: 'SetRoles'; readonly roles: readonly string[] }
  | { readonly type: 'LinkIdentity'; readonly identity: Identity }
  | { readonly type: 'RecordLogin'; readonly sessionId: string; readonly identity?: Identity }
  | { readonly type: 'RecordFailedLogin' }
  | { readonly type: 'BeginErasure' }
  | { readonly type: 'EraseUser' };

/** A person who can log in. Hashing and checking passwords happen before, outside: they take time. */
export const userDecider: Decider<UserState, UserCommand, UserEvent> = {
  category: 'user',
  initialState: { status: 'unregistered' },
  evolve(state, event) {
    if (event.type === 'UserRegistered') return { status: 'active', ...event.data, identities: [] };
    if (state.status !== 'active') return state;
    switch (event.type) {
      case 'UserErased':
        return { status: 'erased' };
      case 'UserErasureBegan':
        return { ...state, erasing: true };
      case 'PasswordChanged':
        return { ...state, passwordHash: event.data.passwordHash };
      case 'UserRolesChanged':
        return { ...state, roles: event.data.roles };
      case 'UserIdentityLinked':
        return { ...state, identities: [...state.identities, event.data] };
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'RegisterUser') {
      if (state.status !== 'unregistered') throw new DomainError('conflict', 'user_exists', 'this user is registered');
      const { username, email, passwordHash, roles } = command;
      return [{ type: 'UserRegistered', data: { username, email, passwordHash, roles } }];
    }
    if (state.status === 'erased' && command.type === 'EraseUser') return [];
    if (state.status !== 'active') throw new DomainError('not_found', 'user_not_found', 'no such user');
    if (command.type === 'EraseUser') return [{ type: 'UserErased', data: {} }];
    if (state.erasing) {
      if (command.type === 'BeginErasure' || command.type === 'RecordFailedLogin') return [];
      throw new DomainError('conflict', 'user_being_erased', 'this user is being erased');
    }
    switch (command.type) {
      case 'BeginErasure':
        return [
          ...(state.roles.length === 0 ? [] : [{ type: 'UserRolesChanged', data: { roles: [] } } as const]),
          { type: 'UserErasureBegan', data: {} },
        ];
      case 'ChangePassword':
        return [{ type: 'PasswordChanged', data: { passwordHash: command.passwordHash } }];
      case 'SetRoles': {
        const wanted = [...new Set(command.roles)].sort();
        const same = wanted.join() === [...state.roles].sort().join();
        return same ? [] : [{ type: 'UserRolesChanged', data: { roles: wanted } }];
      }
      case 'RecordLogin':
        return [
          {
            type: 'UserLoggedIn',
            data: { sessionId: command.sessionId, ...(command.identity ? { identity: command.identity } : {}) },
          },
        ];
      case 'LinkIdentity': {
        const { issuer, subject } = command.identity;
        const linked = state.identities.some((one) => one.issuer === issuer && one.subject === subject);
        return linked ? [] : [{ type: 'UserIdentityLinked', data: { issuer, subject } }];
      }
      case 'RecordFailedLogin':
        return [{ type: 'LoginFailed', data: { reason: 'wrong_password' } }];
    }
  },
};
