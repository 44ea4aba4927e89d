import { describe, expect, it } from 'vitest';
import { ensureAdministrator } from '../../src/commands/first-administrator.ts';
import { changePassword, loadUser, registerUser, setRoles, userIdByName } from '../../src/commands/users.ts';
import { newCommand, openCommandSide, principal, refusal, type CommandSide } from './harness.ts';

const ada = { username: 'ada', email: 'ada@example.org', password: 'correct horse battery staple' };
const anonymous = { actor: 'anonymous', userId: null, tenant: 'default', roles: [], sessionId: null };

async function registered(
  side: CommandSide,
  who = ada,
  ...roles: Parameters<typeof registerUser>[3][]
): Promise<string> {
  const context = newCommand({ principal: anonymous });
  await registerUser(side.deps, context, who, ...roles);
  return context.commandId;
}

describe('registering a user', () => {
  it('reserves name and address, and makes a developer', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    expect(await side.told()).toEqual([
      'reservation: NameReserved',
      'reservation: NameReserved',
      'user: UserRegistered',
    ]);
    expect(await loadUser(side.deps, id)).toMatchObject({
      status: 'active',
      username: 'ada',
      email: 'ada@example.org',
      roles: ['developer'],
    });
  });

  it('keeps the password as a hash only', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const { passwordHash } = await loadUser(side.deps, id);
    expect(passwordHash).toMatch(/^\$argon2id\$/);
    expect(await side.deps.passwords.verify(passwordHash, ada.password)).toBe(true);
    expect(JSON.stringify(await side.log())).not.toContain(ada.password);
  });

  it.each([
    ['the name', { ...ada, email: 'other@example.org' }, '/username'],
    ['the name in another case', { ...ada, username: 'ADA', email: 'other@example.org' }, '/username'],
    ['the name in full-width letters', { ...ada, username: 'ａｄａ', email: 'other@example.org' }, '/username'],
    ['the address', { ...ada, username: 'grace' }, '/email'],
    ['the address in another case', { ...ada, username: 'grace', email: 'Ada@Example.ORG' }, '/email'],
  ])('is refused when %s is taken, and keeps nothing', async (_what, who, pointer) => {
    const side = await openCommandSide();
    await registered(side);
    const attempt = registerUser(side.deps, newCommand({ principal: anonymous }), who);
    expect((await refusal(attempt, 'conflict', 'name_taken')).faults).toEqual([{ pointer, detail: 'is taken' }]);
    expect(await side.log()).toHaveLength(3);
  });

  it('lets a name that was refused for its address be taken by another', async () => {
    const side = await openCommandSide();
    await registered(side);
    await refusal(registerUser(side.deps, newCommand(), { ...ada, username: 'grace' }), 'conflict', 'name_taken');
    await registered(side, { ...ada, username: 'grace', email: 'grace@example.org' });
  });

  it('lets exactly one of many have a name that all ask for at the same moment', async () => {
    const side = await openCommandSide();
    const attempts = Array.from({ length: 8 }, (_, n) =>
      registerUser(side.elsewhere(), newCommand(), { ...ada, email: `ada${n}@example.org` }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await side.log()).toHaveLength(3);
  });

  it('comes again with the same user', async () => {
    const side = await openCommandSide();
    const context = newCommand({ principal: anonymous });
    const { state, revision } = await registerUser(side.deps, context, ada);
    const again = await registerUser(side.elsewhere(), context, ada);
    expect(again).toMatchObject({ state, revision, replayed: true });
    expect(await side.log()).toHaveLength(3);
  });
});

describe('finding a user', () => {
  it('goes by any spelling of the name', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    expect(await userIdByName(side.deps, 'ada')).toBe(id);
    expect(await userIdByName(side.elsewhere(), 'ＡDA')).toBe(id);
    expect(await userIdByName(side.deps, 'grace')).toBeUndefined();
  });

  it('is refused for an id that is nobody’s', async () => {
    const side = await openCommandSide();
    await refusal(loadUser(side.deps, newCommand().commandId), 'not_found', 'user_not_found');
  });
});

describe('setting roles', () => {
  const byAdmin = () => newCommand({ principal: { ...principal('admin'), userId: 'somebody else' } });

  it('gives exactly these', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const { state } = await setRoles(side.deps, byAdmin(), id, ['operator', 'auditor']);
    expect(state).toMatchObject({ roles: ['auditor', 'operator'] });
  });

  it('is never done to oneself', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const self = newCommand({ principal: { ...principal('admin'), userId: id } });
    await refusal(setRoles(side.deps, self, id, ['admin']), 'forbidden', 'own_roles');
  });

  it('keeps the last administrator', async () => {
    const side = await openCommandSide();
    const id = await registered(side, ada, ['admin']);
    await refusal(setRoles(side.deps, byAdmin(), id, ['viewer']), 'conflict', 'last_admin');
    expect((await setRoles(side.deps, byAdmin(), id, ['viewer', 'admin'])).revision).toBe(1);
    await registered(side, { ...ada, username: 'grace', email: 'grace@example.org' }, ['admin']);
    expect((await setRoles(side.deps, byAdmin(), id, ['viewer'])).state).toMatchObject({ roles: ['viewer'] });
  });

  it('leaves one of two administrators who take the role from each other at once', async () => {
    const side = await openCommandSide();
    const first = await registered(side, ada, ['admin']);
    const second = await registered(side, { ...ada, username: 'grace', email: 'grace@example.org' }, ['admin']);
    const outcomes = await Promise.allSettled([
      setRoles(side.deps, byAdmin(), first, ['viewer']),
      setRoles(side.elsewhere(), byAdmin(), second, ['viewer']),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const users = [await loadUser(side.deps, first), await loadUser(side.deps, second)];
    expect(users.filter(({ roles }) => roles.includes('admin'))).toHaveLength(1);
  });

  it('is refused for an id that is nobody’s', async () => {
    const side = await openCommandSide();
    const unknown = newCommand().commandId;
    await refusal(setRoles(side.deps, byAdmin(), unknown, ['viewer']), 'not_found', 'user_not_found');
  });
});

describe('changing a password', () => {
  it('makes the new one good and the old one bad', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    await changePassword(side.deps, newCommand(), id, 'another long password');
    const { passwordHash } = await loadUser(side.deps, id);
    expect(await side.deps.passwords.verify(passwordHash, 'another long password')).toBe(true);
    expect(await side.deps.passwords.verify(passwordHash, ada.password)).toBe(false);
  });
});

describe('the first administrator', () => {
  it('is there after the first start, and is not made again', async () => {
    const side = await openCommandSide();
    expect(await ensureAdministrator(side.deps, 'first password')).toBe(true);
    expect(await ensureAdministrator(side.elsewhere(), 'second password')).toBe(false);
    const id = await userIdByName(side.deps, 'admin');
    const admin = await loadUser(side.deps, id ?? '');
    expect(admin.roles).toEqual(['admin']);
    expect(await side.deps.passwords.verify(admin.passwordHash, 'first password')).toBe(true);
    expect((await side.log()).at(-1)?.metadata.actor).toBe('system:start');
  });
});
