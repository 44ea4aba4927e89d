import { describe, expect, it } from 'vitest';
import { giveOAuthGrant, recordOAuthGrantUse, revokeOAuthGrant } from '../../src/commands/oauth.ts';
import { activeGrantsOf, getOAuthGrant, listOAuthGrants } from '../../src/queries/oauth-grants/oauth-grants.ts';
import { newCommand, onEachRelationalStore, openWorld, type World } from './world.ts';

const [ada, bob] = ['01920000-0000-7000-8000-00000000000a', '01920000-0000-7000-8000-00000000000b'];
const all = { userId: null, seesAll: true };

async function give(world: World, userId: string, id: string): Promise<string> {
  await giveOAuthGrant(world.deps, newCommand(), id, {
    userId,
    clientId: 'client',
    clientName: `The client of ${id}`,
    resources: { 'https://annals.example.org': 'mcp:read mcp:call' },
    rejected: {},
    expiresAt: '2099-01-01T00:00:00.000Z',
  });
  return id;
}

onEachRelationalStore(() => {
  describe('what users let clients do', () => {
    it('is listed by user, and told as it was', async () => {
      const world = await openWorld();
      await give(world, ada, 'aB-1');
      await give(world, bob, 'bB-1');
      const before = await world.store.head();
      await recordOAuthGrantUse(world.deps, newCommand(), 'aB-1', '192.0.2.1');
      await revokeOAuthGrant(world.deps, newCommand(), 'aB-1');
      await world.project();
      const listed = async (viewer: typeof all | { userId: string; seesAll: boolean }, request = {}) =>
        (await listOAuthGrants(world.queries, viewer, request)).items.map(({ id, status }) => [id, status]);
      expect(await listed({ userId: ada, seesAll: false })).toEqual([['aB-1', 'revoked']]);
      expect(await listed({ userId: ada, seesAll: false }, { asOf: before })).toEqual([['aB-1', 'active']]);
      expect(await listed({ userId: ada, seesAll: false }, { userId: bob })).toEqual([]);
      expect(await listed({ userId: ada, seesAll: true }, { userId: bob })).toEqual([['bB-1', 'active']]);
      expect((await getOAuthGrant(world.queries, all, 'aB-1', {})).resource).toMatchObject({
        clientName: 'The client of aB-1',
        resources: [{ resource: 'https://annals.example.org', scopes: ['mcp:read', 'mcp:call'] }],
        lastUsedFrom: '192.0.2.1',
        status: 'revoked',
      });
      expect((await getOAuthGrant(world.queries, all, 'aB-1', { asOf: before })).resource.lastUsedAt).toBeNull();
    });

    it('is found to be ended, also what the read model has not taken in yet', async () => {
      const world = await openWorld();
      await give(world, ada, 'seen');
      await world.project();
      await give(world, ada, 'unseen');
      await give(world, bob, 'of-bob');
      expect(await activeGrantsOf(world.queries, ada, await world.store.head())).toEqual(['seen', 'unseen']);
      await world.project();
      expect(await activeGrantsOf(world.queries, ada, await world.store.head())).toEqual(['seen', 'unseen']);
    });
  });
});
