import { describe, expect, it } from 'vitest';
import {
  changeMcp,
  detectDrift,
  publishDiscoveredTools,
  reportFailedDiscovery,
  restoreMcp,
  retireMcp,
  rollBackMcp,
} from '../../src/commands/mcps.ts';
import { jsonText } from '../../src/queries/json-text.ts';
import { diffMcp } from '../../src/queries/mcps/diff.ts';
import { getMcp } from '../../src/queries/mcps/get.ts';
import { listPrompts, listResources, listTools } from '../../src/queries/mcps/offer.ts';
import { getVersion, listVersions } from '../../src/queries/mcps/versions.ts';
import { refusal, walk } from './pages.ts';
import { everyMcp, newCommand, offer, onEachRelationalStore, openWorld, register, type World } from './world.ts';

async function names(world: World, request: Parameters<ReturnType<typeof everyMcp>>[0]) {
  await world.project();
  return (await everyMcp(world.queries)(request)).items.map(({ name }) => name);
}

onEachRelationalStore(() => {
  describe('an mcp', () => {
    it('is found by its id and by its name, however that is written', async () => {
      const world = await openWorld();
      const id = await register(world, 'Weather Ⅳ', { tags: ['demo'] });
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('forecast'));
      await world.project();
      const byId = await getMcp(world.queries, id, {});
      expect(byId).toEqual({
        resource: {
          id,
          name: 'Weather Ⅳ',
          description: 'Serves Weather Ⅳ',
          tags: ['demo'],
          status: 'active',
          version: 1,
          transport: { type: 'streamable-http', url: 'https://WeatherⅣ.example/mcp' },
          tools: [{ name: 'forecast', description: 'Does forecast' }],
          discovery: { status: 'discovered' },
          drift: null,
          createdAt: '2026-03-01T10:00:00.000Z',
          updatedAt: '2026-03-01T10:00:00.000Z',
          createdBy: 'user:ada',
        },
        revision: 1,
        position: 3,
      });
      for (const name of ['Weather Ⅳ', 'weather iv', id.toUpperCase()]) {
        expect(await getMcp(world.queries, name, {}), name).toEqual(byId);
      }
    });

    it('does not exist under any other name, whatever is in it', async () => {
      const world = await openWorld();
      await register(world, 'weather');
      await world.project();
      for (const name of ['nobody', '01920000-0000-7000-8000-00000000dead', '', "' or 1=1 --", '%', '__proto__']) {
        expect(await refusal(getMcp(world.queries, name, {})), name).toMatchObject({ code: 'mcp_not_found' });
        expect(await refusal(getMcp(world.queries, name, { asOf: 1 })), name).toMatchObject({ code: 'mcp_not_found' });
      }
    });

    it('can be read at each of its revisions', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await changeMcp(world.deps, newCommand(), id, { description: 'New words' });
      await retireMcp(world.deps, newCommand(), id);
      await world.project();
      const at = async (revision: number) => (await getMcp(world.queries, 'weather', { revision })).resource;
      expect(await at(0)).toMatchObject({ description: 'Serves weather', version: 1, status: 'active' });
      expect(await at(1)).toMatchObject({ description: 'New words', version: 2, status: 'active' });
      expect(await at(2)).toEqual((await getMcp(world.queries, id, {})).resource);
      expect(await refusal(at(3))).toMatchObject({ code: 'revision_not_found', kind: 'not_found' });
      for (const wrong of [-1, 0.5, Number.NaN]) {
        expect(await refusal(at(wrong))).toEqual({ code: 'invalid_revision', kind: 'invalid', pointer: '/revision' });
      }
      const both = getMcp(world.queries, id, { revision: 0, asOf: 1 });
      expect(await refusal(both)).toMatchObject({ code: 'invalid_revision' });
    });

    it('is the same from the log and from its read model, whatever characters are in it', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather', {
        description: 'half a pair \ud83e, a whole one \ud83e\udd8a, \u0000',
      });
      await world.project();
      const present = await getMcp(world.queries, id, {});
      expect(await getMcp(world.queries, id, { asOf: present.position })).toEqual(present);
      expect(await getMcp(world.queries, id, { revision: 0 })).toEqual(present);
    });

    it('was found, then, by the name it bore then', async () => {
      const world = await openWorld();
      const old = await register(world, 'weather');
      const before = await world.store.head();
      await changeMcp(world.deps, newCommand(), old, { name: 'climate' });
      const renamed = await world.store.head();
      const young = await register(world, 'weather');
      const after = await world.store.head();
      const idOf = async (name: string, asOf: number) => (await getMcp(world.queries, name, { asOf })).resource.id;
      expect(await idOf('weather', before)).toBe(old);
      expect(await refusal(idOf('climate', before))).toMatchObject({ code: 'mcp_not_found' });
      expect(await idOf('climate', renamed)).toBe(old);
      expect(await refusal(idOf('weather', renamed))).toMatchObject({ code: 'mcp_not_found' });
      expect(await idOf('WEATHER', after)).toBe(young);
      expect(await idOf('climate', after)).toBe(old);
    });
  });

  describe('the versions of an mcp', () => {
    it('are all there, the newest first, with their differences', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('forecast', 'history'));
      await publishDiscoveredTools(world.deps, newCommand('bob'), id, 1, offer('forecast'));
      await rollBackMcp(world.deps, newCommand(), id, 1);
      await world.project();
      const versions = await listVersions(world.queries, 'weather', {});
      expect(versions.nextCursor).toBeNull();
      expect(versions.items).toMatchObject([
        { mcpId: id, version: 3, reason: 'rollback', rolledBackTo: 1, toolCount: 2, publishedBy: 'user:ada' },
        { version: 2, reason: 'discovery', toolCount: 1, publishedBy: 'user:bob' },
        { version: 1, reason: 'registration', toolCount: 2, discoveredAt: '2026-03-01T10:00:00.000Z' },
      ]);
      const second = await getVersion(world.queries, id, 2, {});
      expect(second).toMatchObject({
        resource: { version: 2, ...offer('forecast') },
        revision: 2,
      });
      const diff = await diffMcp(world.queries, id, { from: 1, to: 2 });
      expect(diff).toMatchObject({ from: 1, to: 2, tools: { removed: ['history'] }, breaking: [{ tool: 'history' }] });
      expect(await diffMcp(world.queries, id, { from: 1 })).toMatchObject({ to: 3, changes: [] });
      expect(await refusal(getVersion(world.queries, id, 4, {}))).toMatchObject({ code: 'version_not_found' });
      expect(await refusal(diffMcp(world.queries, id, { from: 0, to: 1 }))).toMatchObject({
        code: 'version_not_found',
      });
    });

    it('are listed page by page, each once while more are published', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      for (let n = 0; n < 6; n++) await changeMcp(world.deps, newCommand(), id, { description: `${n}` });
      await world.project();
      const seen = await walk(
        (cursor) => listVersions(world.queries, id, { limit: 2, ...(cursor && { cursor }) }),
        async () => {
          await changeMcp(world.deps, newCommand(), id, { description: `later ${world.time.now++}` });
          await world.project();
        },
      );
      expect(seen.map(({ version }) => version)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    });

    it('come from the log where their read model has not followed', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await world.project();
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('forecast'));
      await changeMcp(world.deps, newCommand(), id, { description: 'new' });
      await world.project('mcps');
      expect(world.models.position('mcp_versions')).toBeLessThan(await world.store.head());
      expect((await listVersions(world.queries, id, {})).items.map(({ toolCount }) => toolCount)).toEqual([1, 1]);
      expect((await listTools(world.queries, id, {})).items).toHaveLength(1);
    });

    it('were fewer in the past, and as they were known then', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      const registered = await world.store.head();
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('forecast'));
      await changeMcp(world.deps, newCommand(), id, { description: 'new' });
      await world.project();
      expect((await listVersions(world.queries, id, { asOf: registered })).items).toMatchObject([
        { version: 1, toolCount: 0, discoveredAt: null },
      ]);
      const second = getVersion(world.queries, id, 2, { asOf: registered });
      expect(await refusal(second)).toMatchObject({ code: 'version_not_found' });
    });
  });

  describe('what a server offers', () => {
    it('is listed with schemas, page by page, by version', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('a', 'b', 'c'));
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('d'));
      await world.project();
      expect(await listTools(world.queries, 'weather', {})).toEqual({
        version: 2,
        discovered: true,
        items: [{ name: 'd', description: 'Does d', inputSchema: { type: 'object' } }],
        nextCursor: null,
      });
      const read = (cursor?: string) =>
        listTools(world.queries, id, { version: 1, limit: 2, ...(cursor && { cursor }) });
      expect((await walk(read)).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
      expect((await listPrompts(world.queries, id, {})).items).toEqual([{ name: 'greet' }]);
      expect((await listResources(world.queries, id, {})).items).toEqual([
        { name: 'readme', uri: 'file:///readme' },
        { name: 'page', uriTemplate: 'page://{n}' },
      ]);
    });

    it('stays on the version that a walk began with', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await publishDiscoveredTools(world.deps, newCommand(), id, 1, offer('a', 'b', 'c'));
      await world.project();
      const read = (cursor?: string) => listTools(world.queries, id, { limit: 1, ...(cursor && { cursor }) });
      const seen = await walk(read, async () => {
        const { resource } = await getMcp(world.queries, id, {});
        await publishDiscoveredTools(world.deps, newCommand(), id, resource.version, offer(`new ${resource.version}`));
        await world.project();
      });
      expect(seen.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
      const { nextCursor } = await read();
      expect(nextCursor).toBeNull();
      const first = await listTools(world.queries, id, { version: 1, limit: 1 });
      const crossed = listTools(world.queries, id, {
        version: 2,
        ...(first.nextCursor && { cursor: first.nextCursor }),
      });
      expect(await refusal(crossed)).toMatchObject({ code: 'invalid_cursor', pointer: '/cursor' });
    });

    it('is said not to be known before the server was asked', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await world.project();
      expect(await listTools(world.queries, id, {})).toMatchObject({ discovered: false, items: [], version: 1 });
    });
  });

  describe('the list of mcps', () => {
    it('is filtered by fields', async () => {
      const world = await openWorld();
      const a = await register(world, 'alpha', { tags: ['x', 'say "hi"'] });
      const b = await register(world, 'beta', { tags: ['x","y'] });
      const c = await register(world, 'gamma', { tags: ['y', 'x'] });
      await publishDiscoveredTools(world.deps, newCommand(), a, 1, offer('t'));
      await detectDrift(world.deps, newCommand(), a, 1, offer('t', 'u'));
      await reportFailedDiscovery(world.deps, newCommand(), b, {
        version: 1,
        code: 'upstream_unavailable',
        message: 'no',
      });
      await retireMcp(world.deps, newCommand(), c);
      expect(await names(world, {})).toEqual(['gamma', 'beta', 'alpha']);
      expect(await names(world, { status: 'retired' })).toEqual(['gamma']);
      expect(await names(world, { name: 'ALPHA' })).toEqual(['alpha']);
      expect(await names(world, { tags: ['x'] })).toEqual(['gamma', 'alpha']);
      expect(await names(world, { tags: ['x', 'y'] })).toEqual(['gamma']);
      expect(await names(world, { tags: ['say "hi"'] })).toEqual(['alpha']);
      expect(await names(world, { tags: ['X'] })).toEqual([]);
      expect(await names(world, { drifted: true })).toEqual(['alpha']);
      expect(await names(world, { drifted: false })).toEqual(['gamma', 'beta']);
      expect(await names(world, { discovery: 'failed' })).toEqual(['beta']);
      expect(await names(world, { createdBy: 'user:ada', discovery: 'pending' })).toEqual(['gamma']);
      expect(await names(world, { createdBy: "user:ada' or '1'='1" })).toEqual([]);
      expect(await names(world, { tags: Array.from({ length: 500 }, () => 'x') })).toEqual(['gamma', 'alpha']);
      const many = names(world, { tags: Array.from({ length: 21 }, (_, n) => `${n}`) });
      expect(await refusal(many)).toEqual({ code: 'invalid_tags', kind: 'invalid', pointer: '/tags' });
    });

    it('is sorted by several fields, each up or down', async () => {
      const world = await openWorld();
      for (const name of ['b', 'C', 'a']) {
        await register(world, name);
        world.time.now += 10;
      }
      const a = (await getAfter(world, 'a')).id;
      await changeMcp(world.deps, newCommand(), a, { description: '2' });
      await restoreMcp(world.deps, newCommand(), a);
      expect(await names(world, { sort: 'name' })).toEqual(['a', 'b', 'C']);
      expect(await names(world, { sort: '-name' })).toEqual(['C', 'b', 'a']);
      expect(await names(world, { sort: 'createdAt' })).toEqual(['b', 'C', 'a']);
      expect(await names(world, { sort: '-updatedAt,name' })).toEqual(['a', 'C', 'b']);
      expect(await names(world, { sort: '-version,-name' })).toEqual(['a', 'C', 'b']);
      expect(await names(world, { sort: 'status,name' })).toEqual(['a', 'b', 'C']);
    });

    it('comes as the same text while nothing has changed, and anew when something has', async () => {
      const world = await openWorld();
      const id = await register(world, 'weather');
      await world.project();
      const list = everyMcp(world.queries);
      const first = await list({ limit: 10 });
      expect(await list({ limit: 10 })).toBe(first);
      expect(jsonText(first)).toBe(JSON.stringify(first));
      expect(await list({ limit: 11 })).not.toBe(first);
      world.time.now += 1_000;
      expect(await list({ limit: 10 })).not.toBe(first);
      const second = await list({ limit: 10 });
      await retireMcp(world.deps, newCommand(), id);
      await world.project();
      expect(await list({ limit: 10 })).not.toEqual(second);
    });
  });
});

async function getAfter(world: World, name: string) {
  await world.project();
  return (await getMcp(world.queries, name, {})).resource;
}
