import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import type { AnyProjection } from '../../../src/projections/projection.ts';
import { added, broken, named, record, type Fact } from '../support/facts.ts';
import { faultyStores } from '../support/faulty-stores.ts';
import { smallProjections } from '../support/small-projections.ts';
import { createWorld, until, type World } from '../support/world.ts';

interface Tables {
  tallies: { id: string; total: number };
}

describe('at the start', () => {
  let world: World;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => world.dispose());

  const file = (name: string): string => join(world.dir, 'read', name);
  const versions = async (): Promise<unknown> =>
    Object.fromEntries((await world.side.control.list()).map(({ name, version }) => [name, version]));
  const rowCount = async (): Promise<number> =>
    (await world.side.models.relational<Tables>('tallies').selectFrom('tallies').select('id').execute()).length;
  const many = (count: number): Fact[] =>
    Array.from({ length: count }, (_, index) => added(`item ${Math.floor(index / 100)}`, 1));
  const tallies = (): AnyProjection => {
    const [projection] = smallProjections();
    if (projection === undefined) throw new Error('no projection');
    return projection;
  };

  it('an empty directory has empty models, live at once', async () => {
    const side = await world.start();
    await side.ready;
    expect(await versions()).toEqual({ tallies: 1, papers: 1, finds: 1 });
    expect(await rowCount()).toBe(0);
  });

  it('models that are missing are built over a long log in threads, and queries are told to come again', async () => {
    await record(world.store, many(3_000));
    const side = await world.start();
    expect(() => side.models.relational('tallies')).toThrow(StoreUnavailable);
    await expect(side.models.document('papers', 'x')).rejects.toThrow(StoreUnavailable);
    expect(await side.control.status('tallies')).toMatchObject({
      version: 0,
      position: 0,
      lag: 3_000,
      status: 'rebuilding',
    });
    const later = await record(world.store, [added('late', 1)]);
    expect(await side.models.waitFor('tallies', later, 15_000)).toBe(later);
    await side.ready;
    expect(await versions()).toEqual({ tallies: 1, papers: 1, finds: 1 });
    expect(await rowCount()).toBe(31);
  });

  it('a model of another schema version is built again, its old versions are dropped, and the others stay', async () => {
    await record(world.store, [added('a', 1)]);
    await (
      await world.start()
    ).ready;
    await world.start({ schemaVersion: 2 });
    await world.side.ready;
    expect(await versions()).toEqual({ tallies: 2, papers: 2, finds: 2 });
    expect(await world.stores.versions(tallies())).toEqual([2]);
    expect(await rowCount()).toBe(1);
    await world.start({ schemaVersion: 2 });
    expect(await versions()).toEqual({ tallies: 2, papers: 2, finds: 2 });
    expect(Object.fromEntries(await world.stores.catalogue())).toMatchObject({
      tallies: { live: 2, previous: null, schemaVersion: 2 },
    });
  });

  it.each([
    ['lost', (path: string): void => rmSync(path)],
    ['cut off', (path: string): void => writeFileSync(path, readFileSync(path).subarray(0, 50))],
    ['overwritten', (path: string): void => writeFileSync(path, 'not a database at all'.repeat(500))],
  ])('a file that was %s is built again', async (_how, damage) => {
    await record(world.store, [added('a', 1), added('b', 1)]);
    await (
      await world.start()
    ).ready;
    await world.stop();
    damage(file('tallies.v1.sqlite'));
    await (
      await world.start()
    ).ready;
    expect(await versions()).toMatchObject({ tallies: 2, papers: 1 });
    expect(await rowCount()).toBe(2);
  });

  it.each(['', '{"tallies":', '[]', '{"tallies":{"live":"1"}}'])(
    'everything is built again when the catalogue says %j',
    async (text) => {
      await record(world.store, [added('a', 1)]);
      await (
        await world.start()
      ).ready;
      await world.stop();
      writeFileSync(file('catalogue.json'), text);
      await (
        await world.start()
      ).ready;
      expect(await rowCount()).toBe(1);
      expect(await world.stores.versions(tallies())).toEqual([(await world.side.control.status('tallies')).version]);
    },
  );

  it('a model that has taken in more than the log holds is built again', async () => {
    const { store } = await world.stores.create(tallies(), 1);
    await store.apply({
      from: 0,
      to: 50,
      rows: [{ id: 'ghost', before: undefined, after: { id: 'ghost', total: 1, names: '', last: 50 } as never }],
    });
    await store.close();
    await world.stores.publish(new Map([['tallies', { live: 1, previous: null, schemaVersion: 1 }]]));
    await record(world.store, [added('a', 1)]);
    await (
      await world.start()
    ).ready;
    expect(await versions()).toMatchObject({ tallies: 2 });
    expect(await rowCount()).toBe(1);
  });

  it('versions that are not in use are removed', async () => {
    await (
      await world.start()
    ).ready;
    await world.stop();
    for (const version of [2, 7]) await (await world.stores.create(tallies(), version)).store.close();
    await (await world.stores.build(tallies(), 8)).store.close();
    await (
      await world.start()
    ).ready;
    expect(await world.stores.versions(tallies())).toEqual([1]);
    expect(await versions()).toMatchObject({ tallies: 1 });
  });

  it('a first build parks the streams that it cannot take in, for there is nothing to fall back to', async () => {
    await record(world.store, [...many(2_500), broken('x'), named('x', 'later')]);
    const side = await world.start({ broken: true });
    await side.ready;
    expect(await side.control.status('tallies')).toMatchObject({ version: 1, status: 'live', deadLetters: 2, lag: 0 });
    expect(await rowCount()).toBe(25);
  });

  it('a first build that fails is tried again', async () => {
    await record(world.store, many(2_500));
    let failures = 2;
    const stores = faultyStores(world.stores, (step) => {
      if (step === 'publish' && failures-- > 0) throw new StoreUnavailable('the disk is full');
    });
    const side = await world.start({ stores });
    await until(async () => (await side.control.list()).some(({ error }) => error === 'the disk is full'));
    await side.ready;
    expect(await versions()).toEqual({ tallies: 1, papers: 1, finds: 1 });
    for (const status of await side.control.list()) expect(status).not.toHaveProperty('error');
  });
});
