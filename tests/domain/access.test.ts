import { describe, expect, it } from 'vitest';
import { may, type Principal } from '../../src/domain/access/principal.ts';
import { permissions, roleNames, roles, selfRegisteredRoles, type RoleName } from '../../src/domain/access/roles.ts';

const withRoles = (...names: RoleName[]): Principal => {
  return { actor: 'user:u1', userId: 'u1', tenant: 'default', roles: names, sessionId: null };
};

describe('what a principal may do', () => {
  it('is nothing without a role', () => {
    expect(permissions.filter((permission) => may(withRoles(), permission))).toEqual([]);
  });

  it('is everything for an administrator', () => {
    expect(permissions.filter((permission) => !may(withRoles('admin'), permission))).toEqual([]);
  });

  it.each(roleNames)('is what the role lists and no more: %s', (name) => {
    const granted = permissions.filter((permission) => may(withRoles(name), permission));
    expect(granted).toEqual(permissions.filter((permission) => roles[name].includes(permission)));
  });

  it('is what any of several roles grants', () => {
    const both = withRoles('developer', 'auditor');
    expect(may(both, 'mcp:call')).toBe(true);
    expect(may(both, 'audit:export')).toBe(true);
    expect(may(both, 'user:manage')).toBe(false);
  });

  it('never lets somebody who registered himself start programs, read the audit log or manage users', () => {
    const newcomer = withRoles(...selfRegisteredRoles);
    for (const permission of ['mcp:register-command', 'audit:read', 'event:read', 'user:manage'] as const) {
      expect(may(newcomer, permission), permission).toBe(false);
    }
    expect(may(newcomer, 'mcp:call')).toBe(true);
  });

  it('lets only administrators manage users', () => {
    expect(roleNames.filter((name) => may(withRoles(name), 'user:manage'))).toEqual(['admin']);
  });

  it('changes nothing for those who only look', () => {
    const changing = permissions.filter((permission) => /:(write|call|manage|register-command)$/.test(permission));
    const own = changing.filter((permission) => permission !== 'self:manage');
    for (const name of ['viewer', 'auditor'] as const) {
      expect(
        own.filter((permission) => may(withRoles(name), permission)),
        name,
      ).toEqual([]);
    }
  });

  it('includes, for every role, managing oneself', () => {
    for (const name of roleNames) expect(may(withRoles(name), 'self:manage'), name).toBe(true);
  });
});
