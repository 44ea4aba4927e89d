import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RebuildStatus } from '../../../src/ports/projection-control.ts';
import { added, broken, history, named, record, type Fact } from '../support/facts.ts';
import { smallProjections } from '../support/small-projections.ts';
import { contentOf, createWorld, until, type World } from '../support/world.ts';

interface Tables {
  tallies: { id: string; total: number; names: string; last: number };
}

const models = smallProjections().map(({ name }) => name);

describe('a rebuild', () => {
  let world: World;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => world.dispose());

  /** Starts rebuilds and answers how they ended. */
  async function rebuild(...names: readonly string[]): Promise<readonly RebuildStatus[]> {
    const { control } = world.side;
    const ids = await Promise.all(
      names.map(async (name) => (await control.rebuild(name, `${name}-${Math.random()}`)).id),
    );
    const statuses = (): Promise<RebuildStatus[]> =>
      Promise.all(names.map((name, index) => control.rebuildStatus(name, ids[index] ?? '')));
    await until(async () => (await statuses()).every(({ status }) => status !== 'running'));
    return statuses();
  }

  async function caughtUp(): Promise<void> {
    const head = await world.store.head();
    for (const name of models) expect(await world.side.models.waitFor(name, head, 5_000)).toBe(head);
  }

  const many = (count: number): Fact[] =>
    Array.from({ length: count }, (_, index) =>
      index % 3 === 0 ? named(`item ${index % 50}`, `n${index}`) : added(`item ${(index * 7) % 50}`, index % 11),
    );

  it('makes the same rows as live projection did, byte for byte, while events keep arriving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(history, { minLength: 2, maxLength: 6 }), async ([first = [], ...others]) => {
        await world.dispose();
        world = createWorld();
        const side = await world.start();
        await record(world.store, first);
        const rebuilding = rebuild(...models);
        for (const facts of others) await record(world.store, facts);
        for (const status of await rebuilding) expect(status).toMatchObject({ status: 'succeeded', version: 2 });
        await caughtUp();
        // What was live before has stood still since the switch: it catches up when it is made live again.
        for (const projection of smallProjections()) {
          expect(await side.control.rollBack(projection.name)).toMatchObject({ version: 1, lag: 0 });
          expect(await contentOf(world.stores, projection, 2)).toBe(await contentOf(world.stores, projection, 1));
        }
      }),
      { numRuns: 3 },
    );
  });

  it('tells how far it is, and once it is done what it made', async () => {
    await world.start();
    const head = await record(world.store, many(300));
    await caughtUp();
    const told: RebuildStatus[] = [];
    world.side.control.onRebuildChange((status) => told.push(status));
    const [status] = await rebuild('tallies');
    expect(status).toMatchObject({
      projection: 'tallies',
      version: 2,
      status: 'succeeded',
      done: head,
      total: head,
      etaMs: 0,
      error: null,
    });
    expect(status?.eventsPerSecond).toBeGreaterThan(0);
    expect(Date.parse(status?.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(status?.startedAt ?? ''));
    expect(told.map((each) => each.status)).toEqual(['running', 'succeeded']);
    expect(told[0]).toMatchObject({ id: status?.id, finishedAt: null });
    expect(await world.side.control.status('tallies')).toMatchObject({
      version: 2,
      previousVersion: 1,
      status: 'live',
      lag: 0,
    });
  });

  it('is the same one when it is asked for again by the same id, and another one is refused meanwhile', async () => {
    await world.start();
    await record(world.store, many(30));
    const { control } = world.side;
    const first = await control.rebuild('tallies', 'one');
    expect(await control.rebuild('tallies', 'one')).toMatchObject({
      id: 'one',
      version: first.version,
      startedAt: first.startedAt,
    });
    await expect(control.rebuild('tallies', 'two')).rejects.toMatchObject({ code: 'rebuild_running' });
    await expect(control.rollBack('tallies')).rejects.toMatchObject({ code: 'rebuild_running' });
    expect(await control.status('tallies')).toMatchObject({ status: 'rebuilding', version: 1 });
    await until(async () => (await control.rebuildStatus('tallies', 'one')).status === 'succeeded');
    await expect(control.rebuildStatus('tallies', 'nobody')).rejects.toMatchObject({ code: 'rebuild_not_found' });
  });

  it('keeps one version to go back to, and drops the one before it', async () => {
    await world.start();
    await record(world.store, many(30));
    const [tallies] = smallProjections();
    if (tallies === undefined) throw new Error('no projection');
    expect(await rebuild('tallies')).toMatchObject([{ version: 2 }]);
    expect(await world.stores.versions(tallies)).toEqual([1, 2]);
    expect(await rebuild('tallies')).toMatchObject([{ version: 3 }]);
    expect(await world.stores.versions(tallies)).toEqual([2, 3]);
    expect(await world.side.control.status('tallies')).toMatchObject({ version: 3, previousVersion: 2 });
  });

  it('is undone by a roll-back, which catches up first, and can be undone itself', async () => {
    await world.start();
    await record(world.store, many(30));
    await expect(world.side.control.rollBack('tallies')).rejects.toMatchObject({ code: 'no_previous_version' });
    await rebuild('tallies');
    const position = await record(world.store, [added('late', 9)]);
    expect(await world.side.control.rollBack('tallies')).toMatchObject({
      version: 1,
      previousVersion: 2,
      position,
      lag: 0,
    });
    const late = async (): Promise<unknown> => {
      const db = world.side.models.relational<Tables>('tallies');
      return (await db.selectFrom('tallies').select('total').where('id', '=', 'late').executeTakeFirst())?.total;
    };
    expect(await late()).toBe(9);
    await record(world.store, [added('late', 1)]);
    await caughtUp();
    expect(await late()).toBe(28);
    expect(await world.side.control.rollBack('tallies')).toMatchObject({ version: 2, previousVersion: 1 });
    expect(await late()).toBe(28);
    await world.stop();
    await (
      await world.start()
    ).ready;
    expect(await world.side.control.status('tallies')).toMatchObject({ version: 2, previousVersion: 1 });
    expect(await rebuild('tallies')).toMatchObject([{ version: 3, status: 'succeeded' }]);
  });

  it('rolls back over a long way in a thread of its own', async () => {
    await world.start();
    await record(world.store, many(30));
    await rebuild('tallies');
    const more = Array.from({ length: 6_000 }, (_, index) => added(`item ${index % 6}`, 0));
    await record(
      world.store,
      more.sort((a, b) => a.item.localeCompare(b.item)),
    );
    await caughtUp();
    expect(await world.side.control.rollBack('tallies')).toMatchObject({ version: 1, lag: 0 });
    const [tallies] = smallProjections();
    if (tallies === undefined) throw new Error('no projection');
    await world.stop();
    expect(await contentOf(world.stores, tallies, 1)).toBe(await contentOf(world.stores, tallies, 2));
  });

  it('stops at the first event that it cannot take in, says which, and leaves the live model alone', async () => {
    await world.start();
    await record(world.store, [...many(20), broken('x'), ...many(5)]);
    await caughtUp();
    await world.start({ broken: true });
    const before = await world.side.control.status('tallies');
    const [status] = await rebuild('tallies');
    expect(status).toMatchObject({
      status: 'failed',
      errorPosition: 21,
      error: 'event 21 (ItemBroken) cannot be taken in: nobody understands 21',
    });
    expect(await world.side.control.status('tallies')).toEqual(before);
    const [tallies] = smallProjections();
    if (tallies === undefined) throw new Error('no projection');
    expect(await world.stores.versions(tallies)).toEqual([1]);
    await record(world.store, [added('x', 1)]);
    await caughtUp();
  });

  it('fails as well when the event comes while it runs; the live model parks it', async () => {
    await world.start({ broken: true });
    await record(world.store, many(20));
    await caughtUp();
    const rebuilding = rebuild('tallies');
    const position = await record(world.store, [broken('x')]);
    const [status] = await rebuilding;
    // It may have been through before the event came.
    if (status?.status === 'failed') expect(status.errorPosition).toBe(position);
    await caughtUp();
    const { version, deadLetters } = await world.side.control.status('tallies');
    expect({ version, deadLetters }).toEqual({ version: status?.status === 'failed' ? 1 : 2, deadLetters: 1 });
  });

  it('is never noticed by those who read', async () => {
    await world.start();
    await record(world.store, many(200));
    await caughtUp();
    let reads = 0;
    let done = false;
    const reading = (async () => {
      let last = 0;
      while (!done) {
        const before = world.side.models.position('tallies');
        const db = world.side.models.relational<Tables>('tallies');
        const rows = await db.selectFrom('tallies').selectAll().orderBy('id').execute();
        const newest = await db
          .selectFrom('tallies')
          .select(({ fn }) => fn.max('last').as('last'))
          .executeTakeFirstOrThrow();
        expect(rows).toHaveLength(50);
        expect(newest.last).toBeGreaterThanOrEqual(last);
        expect(before).toBeGreaterThanOrEqual(last);
        expect(await world.side.models.document('papers', 'item-item 0')).toBeDefined();
        const hits = await world.side.models.search('finds', {
          words: 'n0',
          sort: { field: 'last', direction: 'asc' },
          limit: 5,
        });
        expect(hits).toHaveLength(1);
        last = newest.last;
        reads++;
        await new Promise(setImmediate);
      }
    })();
    const writing = (async () => {
      for (let n = 0; !done; n++) await record(world.store, [added(`item ${n % 50}`, 0)]);
    })();
    for (let round = 0; round < 3; round++) {
      for (const status of await rebuild(...models)) expect(status.status).toBe('succeeded');
      for (const name of models) await world.side.control.rollBack(name);
    }
    done = true;
    await Promise.all([reading, writing]);
    expect(reads).toBeGreaterThan(20);
    await caughtUp();
    expect(await world.side.control.status('tallies')).toMatchObject({
      version: 1,
      previousVersion: 4,
      status: 'live',
    });
  });

  it('leaves nothing behind when the read side is closed in the middle', async () => {
    await world.start();
    await record(world.store, many(300));
    await caughtUp();
    await world.side.control.rebuild('tallies', 'cut short');
    await world.stop();
    const [tallies] = smallProjections();
    if (tallies === undefined) throw new Error('no projection');
    expect(await world.stores.versions(tallies)).toEqual([1]);
    await (
      await world.start()
    ).ready;
    await caughtUp();
  });
});
