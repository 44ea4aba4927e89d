import fc from 'fast-check';
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
import { registerUser, setRoles } from '../../src/commands/users.ts';
import { endExecution } from '../../src/commands/executions.ts';
import { DomainError } from '../../src/domain/error.ts';
import { getExecution } from '../../src/queries/executions/get.ts';
import { listExecutions } from '../../src/queries/executions/list.ts';
import { getMcp } from '../../src/queries/mcps/get.ts';
import type { McpListRequest } from '../../src/queries/mcps/list.ts';
import { listTools } from '../../src/queries/mcps/offer.ts';
import { getVersion, listVersions } from '../../src/queries/mcps/versions.ts';
import { resolveAsOf } from '../../src/queries/time-travel/as-of.ts';
import { getUser, listUsers } from '../../src/queries/users/users.ts';
import { refusal, walk } from './pages.ts';
import {
  call,
  everyMcp,
  newCommand,
  offer,
  onEachRelationalStore,
  openWorld,
  register,
  seesAll,
  succeeded,
  type World,
} from './world.ts';

interface Cast {
  readonly mcps: string[];
  readonly calls: string[];
  readonly users: string[];
}

const nobody = '01920000-0000-7000-8000-00000000dead';
const pick = (list: readonly string[], index: number) => list[index % list.length] ?? nobody;

/** Something that somebody does to the platform; what the rules refuse changes nothing. */
const deeds: readonly ((world: World, cast: Cast, n: number) => Promise<unknown>)[] = [
  async (world, { mcps }, n) => mcps.push(await register(world, `mcp ${n}`, { tags: n % 2 ? ['odd'] : [] })),
  (world, { mcps }, n) => changeMcp(world.deps, newCommand(), pick(mcps, n), { name: `name ${n % 4}` }),
  (world, { mcps }, n) => changeMcp(world.deps, newCommand(), pick(mcps, n), { description: `words ${n}` }),
  (world, { mcps }, n) => changeMcp(world.deps, newCommand(), pick(mcps, n), { tags: ['odd', `t${n}`] }),
  (world, { mcps }, n) => retireMcp(world.deps, newCommand(), pick(mcps, n)),
  (world, { mcps }, n) => restoreMcp(world.deps, newCommand(), pick(mcps, n)),
  (world, { mcps }, n) => rollBackMcp(world.deps, newCommand(), pick(mcps, n), 1),
  (world, { mcps }, n) => publishDiscoveredTools(world.deps, newCommand(), pick(mcps, n), 1 + (n % 2), offer(`t${n}`)),
  (world, { mcps }, n) => detectDrift(world.deps, newCommand(), pick(mcps, n), 1, offer(`d${n}`)),
  (world, { mcps }, n) =>
    reportFailedDiscovery(world.deps, newCommand(), pick(mcps, n), {
      version: 1,
      code: 'upstream_error',
      message: 'x',
    }),
  async (world, { calls, mcps }, n) => calls.push(await call(world, { mcpId: pick(mcps, n) })),
  async (world, { calls }, n) => calls.push(await call(world, { arguments: { n } }, succeeded('y'.repeat(n * 200)))),
  (world, { calls }, n) => endExecution(world.deps, newCommand(), pick(calls, n), succeeded(`late ${n}`)),
  async (world, { users }, n) => {
    const command = newCommand();
    await registerUser(world.deps, command, { username: `u${n}`, email: `u${n}@x.org`, password: 'correct horse' });
    users.push(command.commandId);
  },
  (world, { users }, n) =>
    setRoles(world.deps, newCommand(), pick(users, n), n % 2 ? ['auditor'] : ['viewer', 'operator']),
];

const refused = (error: unknown) => {
  if (error instanceof DomainError) return { refused: error.code };
  throw error;
};

/** Everything that can be asked, asked at one moment; only as of the present without one. */
async function answers(world: World, cast: Cast, names: readonly string[], asOf?: number) {
  const moment = asOf === undefined ? {} : { asOf };
  const list = everyMcp(world.queries);
  const mcps = (request: McpListRequest) => list({ ...request, ...moment }).then(({ items }) => items);
  const { queries } = world;
  return {
    inOrder: await mcps({}),
    byName: await mcps({ sort: 'name' }),
    byChange: await mcps({ sort: '-updatedAt,status' }),
    active: await mcps({ status: 'active' }),
    odd: await mcps({ tags: ['odd'], sort: 'version' }),
    drifted: await mcps({ drifted: true }),
    paged: await walk((cursor) => list({ ...moment, sort: '-name', limit: 2, ...(cursor && { cursor }) })),
    mcps: await Promise.all(cast.mcps.map((id) => getMcp(queries, id, moment).catch(refused))),
    named: await Promise.all(names.map((name) => getMcp(queries, name, moment).catch(refused))),
    versions: await Promise.all(cast.mcps.map((id) => listVersions(queries, id, moment).catch(refused))),
    first: await Promise.all(cast.mcps.map((id) => getVersion(queries, id, 1, moment).catch(refused))),
    tools: await Promise.all(cast.mcps.map((id) => listTools(queries, id, moment).catch(refused))),
    executions: (await listExecutions(queries, seesAll, { ...moment, sort: 'requestedAt' })).items,
    running: (await listExecutions(queries, seesAll, { ...moment, status: 'running' })).items,
    paging: await walk((cursor) =>
      listExecutions(queries, seesAll, { ...moment, limit: 1, ...(cursor && { cursor }) }),
    ),
    calls: await Promise.all(cast.calls.map((id) => getExecution(queries, seesAll, id, moment).catch(refused))),
    users: (await listUsers(queries, { ...moment, sort: 'username' })).items,
    operators: (await listUsers(queries, { ...moment, role: 'operator' })).items,
    people: await Promise.all(cast.users.map((id) => getUser(queries, id, moment).catch(refused))),
  };
}

onEachRelationalStore(() => {
  describe('the past', () => {
    it('answers what was answered then', async () => {
      const step = fc.tuple(fc.constantFrom(...deeds), fc.nat(9));
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
          const world = await openWorld();
          const cast: Cast = { mcps: [], calls: [], users: [] };
          const names = ['mcp 1', 'mcp 2', 'name 0', 'name 1', 'name 2', 'name 3'];
          const moments: { readonly position: number; readonly told: unknown; readonly then: Cast }[] = [];
          for (const [deed, n] of steps) {
            world.time.now += 1_000;
            await deed(world, cast, n).catch(refused);
            await world.project();
            const then = { mcps: [...cast.mcps], calls: [...cast.calls], users: [...cast.users] };
            const told = await answers(world, then, names);
            moments.push({ position: await world.store.head(), told, then });
          }
          for (const { position, told, then } of moments) {
            expect(await answers(world, then, names, position)).toEqual(told);
          }
        }),
        { numRuns: 6 },
      );
    }, 60_000);

    it('is asked for by position or by time', async () => {
      const world = await openWorld();
      const began = world.time.now;
      await register(world, 'weather');
      world.time.now += 60_000;
      await register(world, 'climate');
      world.time.now += 60_000;
      const resolve = (asOf: string | number) => resolveAsOf(world.queries, asOf);
      const time = (ms: number) => new Date(began + ms).toISOString();
      expect(await resolve(2)).toBe(2);
      expect(await resolve('3')).toBe(3);
      expect(await resolve(0)).toBe(0);
      expect(await resolve(time(-1))).toBe(0);
      expect(await resolve(time(0))).toBe(2);
      expect(await resolve(time(59_999))).toBe(2);
      expect(await resolve(time(60_000))).toBe(4);
      expect(await resolve('2026-03-01t12:00:59.999+02:00')).toBe(2);
      expect(await resolve(time(120_000))).toBe(4);
      expect(await refusal(resolve(5))).toEqual({ code: 'as_of_in_future', kind: 'invalid', pointer: '/asOf' });
      expect(await refusal(resolve(time(120_001)))).toMatchObject({ code: 'as_of_in_future' });
      for (const wrong of [
        '',
        'now',
        '-1',
        '1.5',
        '2026-03-01',
        '2026-02-30T10:00:00Z',
        '2026-03-01T25:00:00Z',
        "1' or '1",
      ]) {
        expect(await refusal(resolve(wrong)), wrong).toEqual({
          code: 'invalid_as_of',
          kind: 'invalid',
          pointer: '/asOf',
        });
      }
    });

    it('holds nothing before the first event, and no resource before it was made', async () => {
      const world = await openWorld();
      const weather = await register(world, 'weather');
      const climate = await register(world, 'climate');
      await world.project();
      const list = everyMcp(world.queries);
      expect(await list({ asOf: 0 })).toEqual({ items: [], nextCursor: null });
      expect((await list({ asOf: 3 })).items.map(({ id }) => id)).toEqual([weather]);
      expect(await refusal(getMcp(world.queries, climate, { asOf: 3 }))).toMatchObject({ code: 'mcp_not_found' });
      expect(await refusal(listTools(world.queries, climate, { asOf: 0 }))).toMatchObject({ code: 'mcp_not_found' });
    });

    it('waits for a read model that has not reached it', async () => {
      const world = await openWorld();
      await register(world, 'weather');
      expect(world.models.position('mcps')).toBe(0);
      expect((await everyMcp(world.queries)({ asOf: 2 })).items).toHaveLength(1);
    });

    it('says so when a read model does not reach it in time', async () => {
      const world = await openWorld();
      await register(world, 'weather');
      const stuck = { ...world.queries, models: { ...world.models, waitFor: async () => 1 } };
      await expect(everyMcp(stuck)({ asOf: 2 })).rejects.toThrow('has not reached 2 yet');
    });

    it('stays the same moment on all pages, though its time came again', async () => {
      const world = await openWorld();
      for (const name of ['a', 'b', 'c']) await register(world, name);
      const asOf = new Date(world.time.now).toISOString();
      await world.project();
      const list = everyMcp(world.queries);
      for (const sort of ['createdAt', 'name']) {
        let more = 0;
        const read = (cursor?: string) => list({ asOf, sort, limit: 1, ...(cursor && { cursor }) });
        const seen = await walk(read, async () => {
          await register(world, `${sort} ${more++}`);
          await world.project();
        });
        expect(seen.slice(0, 3).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
        expect(seen).toHaveLength(sort === 'createdAt' ? 3 : 5);
      }
    });

    it('is walked in pages of bounded work, which may be short', async () => {
      const world = await openWorld();
      const ids: string[] = [];
      for (let n = 0; n < 520; n++) ids.push(await register(world, `m${n}`));
      const asOf = await world.store.head();
      await Promise.all(ids.map((id) => retireMcp(world.deps, newCommand(), id)));
      await world.project();
      const list = everyMcp(world.queries);
      const first = await list({ asOf, sort: 'createdAt', status: 'retired' });
      expect(first.items).toEqual([]);
      expect(first.nextCursor).not.toBeNull();
      const read = (cursor?: string) => list({ asOf, sort: 'createdAt', limit: 200, ...(cursor && { cursor }) });
      expect((await walk(read)).map(({ id }) => id)).toEqual(ids);
    });
  });
});
