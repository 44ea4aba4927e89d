import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changeMcp, restoreMcp, retireMcp } from '../../src/commands/mcps.ts';
import { DomainError } from '../../src/domain/error.ts';
import { walk } from './pages.ts';
import { everyMcp, newCommand, onEachRelationalStore, openWorld, register, type World } from './world.ts';

const sorts = ['-createdAt', 'createdAt', 'name', '-updatedAt,name', 'status,-version', 'version,updatedAt'];

const changes: readonly ((world: World, id: string, n: number) => Promise<unknown>)[] = [
  (world, id, n) => changeMcp(world.deps, newCommand(), id, { name: `${n % 2 ? 'a' : 'z'}${n} renamed` }),
  (world, id, n) => changeMcp(world.deps, newCommand(), id, { description: `words ${n}` }),
  (world, id) => retireMcp(world.deps, newCommand(), id),
  (world, id) => restoreMcp(world.deps, newCommand(), id),
];

onEachRelationalStore(() => {
  it('a walk through a list meets each row that does not change exactly once, whatever else changes', async () => {
    const step = fc.tuple(fc.constantFrom(...changes), fc.nat(5), fc.nat(999));
    const walks = fc.array(
      fc.record({
        sort: fc.constantFrom(...sorts),
        limit: fc.integer({ min: 1, max: 5 }),
        meanwhile: fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 12 }),
      }),
      { minLength: 3, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(walks, async (plans) => {
        const world = await openWorld();
        const ids: string[] = [];
        for (let n = 0; n < 12; n++) {
          ids.push(await register(world, `mcp ${n}`));
          world.time.now += n % 3;
        }
        await world.project();
        // The first half may change, the other half does not.
        const quiet = ids.slice(6);
        const list = everyMcp(world.queries);
        for (const { sort, limit, meanwhile } of plans) {
          const left = [...meanwhile];
          const seen = await walk(
            (cursor) => list({ sort, limit, ...(cursor && { cursor }) }),
            async () => {
              for (const [change, index, n] of left.shift() ?? []) {
                world.time.now += 1;
                await change(world, ids[index] ?? '', n).catch((error: unknown) => {
                  if (!(error instanceof DomainError)) throw error;
                });
              }
              await world.project();
            },
          );
          for (const id of quiet) expect(seen.filter((mcp) => mcp.id === id)).toHaveLength(1);
        }
      }),
      { numRuns: 8 },
    );
  }, 60_000);
});
