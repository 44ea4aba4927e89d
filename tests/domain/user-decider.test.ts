import { describe, expect, it } from 'vitest';
import { userDecider, type UserCommand, type UserEvent } from '../../src/domain/user/decider.ts';
import { fold, scenariosOf } from './given.ts';

const given = scenariosOf(userDecider);

const ada = { username: 'ada', email: 'ada@example.org', passwordHash: '$argon2id$1', roles: ['developer'] as const };
const registered: UserEvent = { type: 'UserRegistered', data: ada };
const active = { status: 'active', ...ada, identities: [] };
const setRoles = (...roles: ('admin' | 'developer' | 'viewer')[]): UserCommand => ({ type: 'SetRoles', roles });

describe('a user', () => {
  it('is registered with a name, an address, a hash and roles', () => {
    given([])
      .when({ type: 'RegisterUser', ...ada })
      .then([registered]);
  });

  it('is registered once', () => {
    given([registered])
      .when({ type: 'RegisterUser', ...ada })
      .thenRejects('conflict', 'user_exists');
  });

  it('changes the password', () => {
    const changed: UserEvent = { type: 'PasswordChanged', data: { passwordHash: '$argon2id$2' } };
    given([registered]).when({ type: 'ChangePassword', passwordHash: '$argon2id$2' }).then([changed]);
    expect(fold(userDecider, [registered, changed])).toEqual({ ...active, passwordHash: '$argon2id$2' });
  });

  it('gets other roles, sorted and each once', () => {
    const changed: UserEvent = { type: 'UserRolesChanged', data: { roles: ['admin', 'viewer'] } };
    given([registered])
      .when(setRoles('viewer', 'admin', 'viewer'))
      .then([changed]);
    expect(fold(userDecider, [registered, changed])).toEqual({ ...active, roles: ['admin', 'viewer'] });
  });

  it('may lose every role', () => {
    given([registered])
      .when(setRoles())
      .then([{ type: 'UserRolesChanged', data: { roles: [] } }]);
  });

  it('has nothing to change when the roles are the same in another order', () => {
    const both: UserEvent = { type: 'UserRolesChanged', data: { roles: ['admin', 'viewer'] } };
    given([registered, both]).when(setRoles('viewer', 'admin')).then([]);
    given([registered]).when(setRoles('developer', 'developer')).then([]);
  });

  it('is linked to an identity once, and is recorded to log in by it', () => {
    const identity = { issuer: 'https://login.example.org', subject: '1' };
    const linked: UserEvent = { type: 'UserIdentityLinked', data: identity };
    const loggedIn: UserEvent = { type: 'UserLoggedIn', data: { sessionId: 's1', identity } };
    given([registered]).when({ type: 'LinkIdentity', identity }).then([linked]);
    given([registered, linked]).when({ type: 'LinkIdentity', identity }).then([]);
    given([registered, linked]).when({ type: 'RecordLogin', sessionId: 's1', identity }).then([loggedIn]);
    expect(fold(userDecider, [registered, linked])).toEqual({ ...active, identities: [identity] });
  });

  it('is recorded to log in, and to fail to', () => {
    const loggedIn: UserEvent = { type: 'UserLoggedIn', data: { sessionId: 's1' } };
    const failed: UserEvent = { type: 'LoginFailed', data: { reason: 'wrong_password' } };
    given([registered]).when({ type: 'RecordLogin', sessionId: 's1' }).then([loggedIn]);
    given([registered]).when({ type: 'RecordFailedLogin' }).then([failed]);
    expect(fold(userDecider, [registered, loggedIn, failed])).toEqual(active);
  });

  it('is erased in two steps: the first takes the roles and lets nothing be given any more', () => {
    const begun: UserEvent[] = [
      { type: 'UserRolesChanged', data: { roles: [] } },
      { type: 'UserErasureBegan', data: {} },
    ];
    const erased: UserEvent = { type: 'UserErased', data: {} };
    given([registered]).when({ type: 'BeginErasure' }).then(begun);
    expect(fold(userDecider, [registered, ...begun])).toEqual({ ...active, roles: [], erasing: true });
    given([registered, ...begun])
      .when({ type: 'BeginErasure' })
      .then([]);
    given([registered, ...begun])
      .when({ type: 'RecordFailedLogin' })
      .then([]);
    for (const command of [
      setRoles('admin'),
      { type: 'ChangePassword', passwordHash: 'x' },
      { type: 'LinkIdentity', identity: { issuer: 'https://login.example.org', subject: '1' } },
      { type: 'RecordLogin', sessionId: 's1' },
    ] as const) {
      given([registered, ...begun])
        .when(command)
        .thenRejects('conflict', 'user_being_erased');
    }
    given([registered, ...begun])
      .when({ type: 'EraseUser' })
      .then([erased]);
    expect(fold(userDecider, [registered, ...begun, erased])).toEqual({ status: 'erased' });
    given([registered, ...begun, erased])
      .when({ type: 'EraseUser' })
      .then([]);
    given([registered, ...begun, erased])
      .when({ type: 'BeginErasure' })
      .thenRejects('not_found', 'user_not_found');
  });

  it('has no roles to take when there are none', () => {
    const without: UserEvent = { type: 'UserRolesChanged', data: { roles: [] } };
    given([registered, without])
      .when({ type: 'BeginErasure' })
      .then([{ type: 'UserErasureBegan', data: {} }]);
  });

  it.each<UserCommand>([
    { type: 'ChangePassword', passwordHash: 'x' },
    setRoles('admin'),
    { type: 'RecordLogin', sessionId: 's1' },
    { type: 'RecordFailedLogin' },
  ])('must be registered before $type', (command) => {
    given([]).when(command).thenRejects('not_found', 'user_not_found');
  });

  it('does not come into being by an event that follows none', () => {
    expect(fold(userDecider, [{ type: 'UserRolesChanged', data: { roles: ['admin'] } }])).toEqual({
      status: 'unregistered',
    });
  });
});
