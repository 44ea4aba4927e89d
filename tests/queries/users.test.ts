import { describe, expect, it } from 'vitest';
import { endSession, logIn } from '../../src/commands/sessions.ts';
import { registerUser, setRoles } from '../../src/commands/users.ts';
import type { RoleName } from '../../src/domain/access/roles.ts';
import { listRoles } from '../../src/queries/roles.ts';
import { openSessionsOf } from '../../src/queries/users/sessions.ts';
import { getUser, listUsers, type UserListRequest } from '../../src/queries/users/users.ts';
import { refusal } from './pages.ts';
import { newCommand, onEachRelationalStore, openWorld, type World } from './world.ts';

async function person(world: World, username: string, ...roles: RoleName[]): Promise<string> {
  const command = newCommand();
  const details = { username, email: `${username}@example.org`, password: 'correct horse' };
  await registerUser(world.deps, command, details, roles);
  return command.commandId;
}

onEachRelationalStore(() => {
  describe('users', () => {
    it('are told without anything of their passwords', async () => {
      const world = await openWorld();
      const id = await person(world, 'Ada', 'developer');
      await logIn(world.deps, newCommand(), 'ada', 'correct horse');
      await world.project();
      expect(await getUser(world.queries, id, {})).toEqual({
        resource: {
          id,
          username: 'Ada',
          email: 'Ada@example.org',
          roles: ['developer'],
          createdAt: '2026-03-01T10:00:00.000Z',
          updatedAt: '2026-03-01T10:00:00.000Z',
          lastLoginAt: '2026-03-01T10:00:00.000Z',
        },
        revision: 1,
        position: 4,
      });
      for (const nobody of ['Ada', '01920000-0000-7000-8000-00000000dead']) {
        expect(await refusal(getUser(world.queries, nobody, {}))).toMatchObject({ code: 'user_not_found' });
      }
    });

    it('are filtered and sorted, and had, then, the roles they had then', async () => {
      const world = await openWorld();
      await person(world, 'ada', 'admin', 'auditor');
      const bob = await person(world, 'Bob', 'viewer');
      const before = await world.store.head();
      await setRoles(world.deps, newCommand(), bob, ['admin']);
      await world.project();
      const names = async (request: UserListRequest) =>
        (await listUsers(world.queries, request)).items.map(({ username }) => username);
      expect(await names({})).toEqual(['Bob', 'ada']);
      expect(await names({ sort: 'username' })).toEqual(['ada', 'Bob']);
      expect(await names({ username: 'BOB' })).toEqual(['Bob']);
      expect(await names({ email: 'ada@example.org' })).toEqual(['ada']);
      expect(await names({ role: 'admin' })).toEqual(['Bob', 'ada']);
      expect(await names({ role: 'admin', asOf: before })).toEqual(['ada']);
      expect(await names({ role: 'viewer', asOf: before })).toEqual(['Bob']);
      expect(await names({ sort: '-username', asOf: before })).toEqual(['Bob', 'ada']);
      expect((await getUser(world.queries, bob, { asOf: before })).resource.roles).toEqual(['viewer']);
      expect((await getUser(world.queries, bob, { revision: 0 })).resource.roles).toEqual(['viewer']);
    });

    it('have sessions until these are ended', async () => {
      const world = await openWorld();
      const id = await person(world, 'ada', 'viewer');
      const first = await logIn(world.deps, newCommand(), 'ada', 'correct horse');
      const second = await logIn(world.deps, newCommand(), 'ada', 'correct horse');
      await endSession(world.deps, newCommand(), first.sessionId, 'logout');
      await world.project();
      expect(await openSessionsOf(world.queries, id)).toEqual([second.sessionId]);
      expect(await openSessionsOf(world.queries, 'nobody')).toEqual([]);
    });
  });

  describe('roles', () => {
    it('are told with what they permit', async () => {
      const roles = await listRoles((await openWorld()).queries);
      expect(roles.map(({ name }) => name)).toEqual(['admin', 'operator', 'developer', 'auditor', 'viewer']);
      expect(roles.at(-1)?.permissions).toEqual(['mcp:read', 'execution:read', 'self:manage']);
    });
  });
});
