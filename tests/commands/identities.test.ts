import { describe, expect, it } from 'vitest';
import { recognise, type Vouched } from '../../src/commands/identities.ts';
import { loadUser, registerUser } from '../../src/commands/users.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { newCommand, openCommandSide } from './harness.ts';

const vouched: Vouched = {
  identity: { issuer: 'https://login.example.com', subject: 'linus-1' },
  email: 'linus@example.org',
  emailVerified: true,
  username: 'linus',
  roles: undefined,
};

describe('an identity whose address somebody has registered before', () => {
  it('is linked when every way into the account has ended, and not before', async () => {
    const { deps } = await openCommandSide();
    const made = newCommand();
    const squatter = { username: 'linus', email: 'linus@example.org', password: 'of the squatter' };
    await registerUser(deps, made, squatter, ['viewer']);
    const userId = made.commandId;
    const before = await loadUser(deps, userId);
    const away = new StoreUnavailable('the read model api_keys is away');
    const failing = { mayRegister: true, endWaysIn: () => Promise.reject(away) };

    await expect(recognise(deps, newCommand(), vouched, failing)).rejects.toBe(away);
    const between = await loadUser(deps, userId);
    expect(between.identities).toEqual([]);
    expect(between.passwordHash).not.toBe(before.passwordHash);

    const ended: string[] = [];
    const endWaysIn = async (id: string, after: number) => {
      expect(after).toBe(await deps.store.head());
      ended.push(id);
    };
    expect(await recognise(deps, newCommand(), vouched, { mayRegister: true, endWaysIn })).toMatchObject({
      userId,
      as: 'linked',
    });
    expect((await loadUser(deps, userId)).identities).toEqual([vouched.identity]);
    expect(await recognise(deps, newCommand(), vouched, { mayRegister: true, endWaysIn })).toMatchObject({
      userId,
      as: 'known',
    });
    expect(ended).toEqual([userId]);
  });
});
