import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { added, named, record, unrelated } from '../support/facts.ts';
import { createWorld, until, type World } from '../support/world.ts';

interface Tables {
  tallies: { id: string; total: number; names: string; last: number };
}

describe('live read models', () => {
  let world: World;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => world.dispose());

  const tallies = (): Kysely<Tables> => world.side.models.relational<Tables>('tallies');
  const totals = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await tallies().selectFrom('tallies').selectAll().execute()).map(({ id, total }) => [id, total]),
    );

  it('take in what is appended, without being asked', async () => {
    const { models, control } = await world.start();
    const position = await record(world.store, [added('a', 1), added('a', 2), named('b', 'red')]);
    await until(() => ['tallies', 'papers', 'finds'].every((name) => models.position(name) === position));
    expect(await totals()).toEqual({ a: 5, b: 0 });
    expect(await models.document('papers', 'item-b')).toMatchObject({ length: 1 });
    expect(
      await models.search('finds', { words: 'red', sort: { field: 'last', direction: 'asc' }, limit: 9 }),
    ).toHaveLength(1);
    for (const status of await control.list())
      expect(status).toMatchObject({ status: 'live', lag: 0, position, version: 1 });
  });

  it('have taken in what was recorded before they were opened, once they are ready', async () => {
    await record(world.store, [added('a', 1), added('b', 2)]);
    await (
      await world.start()
    ).ready;
    expect(await totals()).toEqual({ a: 1, b: 2 });
  });

  it('go on where they stopped', async () => {
    await record(world.store, [added('a', 1)]);
    await (
      await world.start()
    ).ready;
    await world.stop();
    await record(world.store, [added('a', 2), unrelated('a')]);
    const side = await world.start();
    await side.ready;
    expect(await totals()).toEqual({ a: 5 });
    expect((await side.control.status('tallies')).version).toBe(1);
  });

  it('show a change to whoever waits for its position, every time', async () => {
    const { models } = await world.start();
    for (let n = 1; n <= 200; n++) {
      const position = await record(world.store, [added(`item ${n}`, n)]);
      expect(await models.waitFor('tallies', position, 2_000)).toBeGreaterThanOrEqual(position);
      expect((await totals())[`item ${n}`]).toBe(n);
    }
  });

  it('show changes to many who wait at once', async () => {
    const { models } = await world.start();
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const position = await record(world.store, [named(`item ${index}`, `name${index}`)]);
        await models.waitFor('finds', position, 5_000);
        const query = { words: `name${index}`, sort: { field: 'last', direction: 'asc' }, limit: 9 } as const;
        expect((await models.search('finds', query)).map(({ id }) => id)).toEqual([`item-item ${index}`]);
      }),
    );
  });

  it('answer at once to whoever waits for what is there, and to whoever waits in vain when his time is up', async () => {
    const { models } = await world.start();
    const position = await record(world.store, [added('a', 1)]);
    await models.waitFor('tallies', position, 2_000);
    expect(await models.waitFor('tallies', position, 60_000)).toBe(position);
    expect(await models.waitFor('tallies', position + 1, 0)).toBe(position);
    const answered: number[] = [];
    await Promise.all(
      [60, 20, 40].map(async (timeoutMs) => {
        expect(await models.waitFor('tallies', position + 1, timeoutMs)).toBe(position);
        answered.push(timeoutMs);
      }),
    );
    expect(answered).toEqual([20, 40, 60]);
  });

  it('move on over events that change nothing in them', async () => {
    const { models } = await world.start();
    const position = await record(world.store, [unrelated('a'), unrelated('b')]);
    expect(await models.waitFor('tallies', position, 2_000)).toBe(position);
    expect(await totals()).toEqual({});
  });

  it('keep up with a burst longer than their window on the log', async () => {
    const { models } = await world.start();
    await Promise.all(
      Array.from({ length: 50 }, (_, item) =>
        record(
          world.store,
          Array.from({ length: 100 }, () => added(`i${item}`, 1)),
        ),
      ),
    );
    const head = await world.store.head();
    expect(head).toBe(5_000);
    await Promise.all(['tallies', 'papers', 'finds'].map((name) => models.waitFor(name, head, 20_000)));
    const { length } = Object.keys(await totals());
    expect(length).toBe(50);
    expect(models.position('papers')).toBe(head);
  });

  it('refuse names and kinds that do not exist', async () => {
    const { models, control } = await world.start();
    expect(() => models.relational('nothing')).toThrow(TypeError);
    expect(() => models.relational('papers')).toThrow(TypeError);
    await expect(control.status('nothing')).rejects.toMatchObject({ code: 'projection_not_found' });
    await expect(control.rebuild('nothing', 'r')).rejects.toMatchObject({ code: 'projection_not_found' });
  });
});
