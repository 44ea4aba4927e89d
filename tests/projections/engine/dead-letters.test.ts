import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { added, broken, named, record, spoilt } from '../support/facts.ts';
import { faultyStores } from '../support/faulty-stores.ts';
import { smallProjections } from '../support/small-projections.ts';
import { contentOf, createWorld, type World } from '../support/world.ts';

interface Tables {
  tallies: { id: string; total: number; names: string };
}

describe('an event that cannot be taken in', () => {
  let world: World;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => world.dispose());

  const rows = async (): Promise<unknown[]> => {
    const db = world.side.models.relational<Tables>('tallies');
    const found = await db.selectFrom('tallies').select(['id', 'total', 'names']).orderBy('id').execute();
    return found.map((row) => ({ ...row }));
  };
  const caughtUp = async (): Promise<void> => {
    const head = await world.store.head();
    for (const { name } of smallProjections()) expect(await world.side.models.waitFor(name, head, 5_000)).toBe(head);
  };
  const letters = async (): Promise<unknown[]> =>
    (await world.side.control.deadLetters('tallies')).map(({ stream, position, attempts }) => [
      stream,
      position,
      attempts,
    ]);

  it('parks its stream, that event and all later ones, while other streams go on', async () => {
    await world.start({ broken: true });
    await record(world.store, [
      added('a', 1),
      broken('b'),
      added('b', 5),
      added('a', 2),
      named('b', 'x'),
      added('c', 7),
    ]);
    await caughtUp();
    expect(await rows()).toEqual([
      { id: 'a', total: 5, names: '' },
      { id: 'c', total: 7, names: '' },
    ]);
    expect(await letters()).toEqual([
      ['item-b', 2, 3],
      ['item-b', 3, 0],
      ['item-b', 5, 0],
    ]);
    const [first] = await world.side.control.deadLetters('tallies');
    expect(first).toMatchObject({ type: 'ItemBroken', error: 'nobody understands 2' });
    expect(Date.parse(first?.parkedAt ?? '')).not.toBeNaN();
    expect(await world.side.control.status('tallies')).toMatchObject({ status: 'live', deadLetters: 3, lag: 0 });
    expect(await world.side.control.status('finds')).toMatchObject({ deadLetters: 0 });
  });

  it('is parked as well when it is the store that refuses the row', async () => {
    const stores = faultyStores(world.stores, (_step, change) => {
      if (change?.rows.some(({ id }) => id === 'b')) throw new Error('no b here');
    });
    await world.start({ stores });
    await record(world.store, [added('a', 1), added('b', 5), named('b', 'x'), added('a', 2)]);
    await caughtUp();
    expect(await rows()).toEqual([{ id: 'a', total: 5, names: '' }]);
    expect(await letters()).toEqual([
      ['item-b', 2, 3],
      ['item-b', 3, 0],
    ]);
    expect((await world.side.control.deadLetters('tallies'))[0]?.error).toBe('no b here');
  });

  it('is parked as well when it makes a row that its model has no place for', async () => {
    await world.start({ spoilt: true });
    await record(world.store, [added('a', 1), spoilt('b'), added('b', 5), added('a', 2)]);
    await caughtUp();
    expect(await rows()).toEqual([{ id: 'a', total: 5, names: '' }]);
    expect(await letters()).toEqual([
      ['item-b', 2, 3],
      ['item-b', 3, 0],
    ]);
  });

  it('stays parked over a restart, and so does what follows in its stream', async () => {
    await world.start({ broken: true });
    await record(world.store, [broken('b'), added('b', 5)]);
    await caughtUp();
    await world.start({ broken: true });
    await record(world.store, [added('b', 6), added('a', 1)]);
    await caughtUp();
    expect(await letters()).toEqual([
      ['item-b', 1, 3],
      ['item-b', 2, 0],
      ['item-b', 3, 0],
    ]);
    expect(await rows()).toEqual([{ id: 'a', total: 1, names: '' }]);
  });

  it('is taken in with all that waits behind it when it is retried after the fault is mended', async () => {
    await world.start({ broken: true });
    await record(world.store, [added('a', 1), broken('a'), added('a', 2), broken('b'), named('b', 'x'), added('a', 3)]);
    await caughtUp();
    await world.start({ broken: false });
    expect(await world.side.control.retryDeadLetters('tallies')).toEqual({ resolved: 5, left: 0 });
    expect(await letters()).toEqual([]);
    expect(await world.side.control.status('tallies')).toMatchObject({ deadLetters: 0 });
    await record(world.store, [added('b', 4)]);
    await caughtUp();
    expect(await letters()).toEqual([]);

    const rebuilt = await rebuild('tallies');
    const [tallies] = smallProjections();
    if (tallies === undefined) throw new Error('no projection');
    await world.stop();
    expect(await contentOf(world.stores, tallies, 1)).toBe(await contentOf(world.stores, tallies, rebuilt));
  });

  it('is retried for one stream alone when that is asked for', async () => {
    await world.start({ broken: true });
    await record(world.store, [broken('a'), broken('b'), added('b', 1)]);
    await caughtUp();
    await world.start({ broken: false });
    expect(await world.side.control.retryDeadLetters('tallies', 'item-b')).toEqual({ resolved: 2, left: 0 });
    expect(await letters()).toEqual([['item-a', 1, 3]]);
    expect(await rows()).toEqual([{ id: 'b', total: 4, names: '' }]);
    expect(await world.side.control.retryDeadLetters('tallies', 'item-nobody')).toEqual({ resolved: 0, left: 0 });
  });

  it('keeps its stream parked, in order, when it fails again', async () => {
    await world.start({ spoilt: true });
    await record(world.store, [added('a', 1), spoilt('a'), added('a', 2), spoilt('b')]);
    await caughtUp();
    expect(await world.side.control.retryDeadLetters('tallies')).toEqual({ resolved: 0, left: 3 });
    expect(await letters()).toEqual([
      ['item-a', 2, 4],
      ['item-a', 3, 0],
      ['item-b', 4, 4],
    ]);
    expect(await rows()).toEqual([{ id: 'a', total: 1, names: '' }]);
    await record(world.store, [added('a', 9)]);
    await caughtUp();
    expect(await letters()).toHaveLength(4);
  });

  it('leaves what was resolved before it resolved, when a later one of its stream fails', async () => {
    await world.start({ broken: true, spoilt: true });
    await record(world.store, [broken('a'), added('a', 2), spoilt('a'), added('a', 3)]);
    await caughtUp();
    await world.start({ broken: false, spoilt: true });
    expect(await world.side.control.retryDeadLetters('tallies')).toEqual({ resolved: 2, left: 2 });
    expect(await letters()).toEqual([
      ['item-a', 3, 1],
      ['item-a', 4, 0],
    ]);
    expect(await rows()).toEqual([{ id: 'a', total: 5, names: '' }]);
  });

  async function rebuild(name: string): Promise<number> {
    const { control } = world.side;
    const ended = new Promise<void>((resolve) =>
      control.onRebuildChange(({ status }) => status === 'running' || resolve()),
    );
    const { id, version } = await control.rebuild(name, 'the-rebuild');
    await ended;
    expect(await control.rebuildStatus(name, id)).toMatchObject({ status: 'succeeded' });
    return version;
  }
});
