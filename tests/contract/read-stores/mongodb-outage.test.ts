import type { Db } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MongoReadStores } from '../../../src/infrastructure/read-stores/mongo.ts';
import { CheckpointMoved } from '../../../src/ports/read-model.ts';
import type { OpenModel } from '../../../src/ports/read-stores.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { onEngine } from '../../support/engines.ts';
import { until } from '../coordination/helpers.ts';
import { insert, letter, rowsOf, update, write, type Change } from './helpers.ts';
import { directly, mongoPlace, type MongoTestPlace } from './mongodb-place.ts';
import { startMongoProxy, type MongoProxy, type Moment } from './mongodb-proxy.ts';
import { documentSamples } from './samples.ts';

const { definition, row } = documentSamples;
/** Short, so that the tests of absence are. */
const PATIENCE_MS = 500;
const entry = { live: 1, previous: null, schemaVersion: 1 };

onEngine('mongodb', (url) => {
  let place: MongoTestPlace;
  let proxy: MongoProxy;
  /** By way of the proxy. */
  let far: MongoReadStores;
  let near: MongoReadStores;

  beforeEach(async () => {
    const { hostname, port } = new URL(url);
    proxy = await startMongoProxy({ host: hostname, port: Number(port || 27017) });
    place = mongoPlace(url);
    near = place.open();
    far = place.open({ url: directly(place.url, proxy), patienceMs: PATIENCE_MS });
  });
  afterEach(async () => {
    proxy.heal();
    await place.remove();
    await proxy.close();
  });

  function everything(stores: MongoReadStores, { store, reader }: OpenModel): (() => Promise<unknown>)[] {
    if (reader.kind !== 'documents') throw new Error('no documents');
    return [
      () => stores.ping(),
      () => stores.catalogue(),
      () => stores.publish(new Map([['papers', entry]])),
      () => stores.versions(definition),
      () => stores.create(definition, 8),
      () => stores.open(definition, 1),
      () => stores.build(definition, 9),
      () => stores.drop(definition, 8),
      () => store.checkpoint(),
      () => store.load(['a']),
      () => store.apply({ from: 0, to: 1, rows: [insert(row('a'))] }),
      () => store.deadLetters(),
      () => store.count(),
      () => rowsOf(store),
      () => reader.get('a'),
      () => reader.find({ equals: {}, limit: 1 }),
    ];
  }

  async function outcomes(work: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
    const settled = await Promise.allSettled(work.map((each) => each()));
    return settled.map((each) => (each.status === 'rejected' ? (each.reason as unknown) : 'done'));
  }

  describe.each([
    ['stopped', () => proxy.cut()],
    ['silent', () => proxy.stall()],
  ])('a MongoDB that is %s', (_, disturb) => {
    it('makes everything unavailable, and is used again when it is back', async () => {
      const open = await far.create(definition, 1);
      await far.ping();
      disturb();
      for (const outcome of await outcomes(everything(far, open))) expect(outcome).toBeInstanceOf(StoreUnavailable);

      proxy.heal();
      await until(() => far.ping());
      await write(open.store, [row('b')]);
      expect(await rowsOf(open.store)).toEqual([row('b')]);
      expect(await far.versions(definition)).toContain(1);
    });
  });

  it('may be away when it is opened, and is used when it comes', async () => {
    proxy.cut();
    const told = await outcomes([() => far.ping(), () => far.catalogue(), () => far.open(definition, 1)]);
    for (const outcome of told) expect(outcome).toBeInstanceOf(StoreUnavailable);
    proxy.heal();
    expect(await far.catalogue()).toEqual(new Map());
    const { store } = await far.create(definition, 1);
    await write(store, [row('a')]);
    expect(await store.count()).toBe(1);
  });

  describe('a change', () => {
    let open: OpenModel;
    const first: Change = { from: 0, to: 1, rows: [insert(row('a'))], park: [letter('s-1', 1)] };
    const second: Change = {
      from: 1,
      to: 2,
      rows: [update(row('a'), row('a')), insert(row('b'))],
      resolve: [{ stream: 's-1', through: 1 }],
    };

    beforeEach(async () => {
      open = await far.create(definition, 1);
      await open.store.apply(first);
    });

    async function expectSecond(): Promise<void> {
      const { store } = await near.open(definition, 1);
      expect(await store.checkpoint()).toBe(2);
      expect(await rowsOf(store)).toEqual([row('a'), row('b')]);
      expect(await store.deadLetters()).toEqual([]);
    }

    const commands = ['findAndModify', 'update', 'insert', 'delete', 'commitTransaction'];
    const moments: readonly Moment[] = ['before', 'after'];
    const places = commands.flatMap((command) => moments.map((moment) => [moment, command] as const));
    const stops = [
      ['before', 'findAndModify'],
      ['after', 'update'],
      ['after', 'insert'],
      ['before', 'commitTransaction'],
      ['after', 'commitTransaction'],
    ] as const;

    it.each(places)('survives a connection lost %s %s', async (moment, command) => {
      // A store of its own, whose first change also takes the version over from the one before.
      const { store } = await far.open(definition, 1);
      proxy.loseAt(command, moment, 'back');
      await store.apply(second);
      await expectSecond();
    });

    it.each(stops)('is made once when MongoDB stops %s %s, and the change is tried again', async (moment, command) => {
      const { store } = await far.open(definition, 1);
      proxy.loseAt(command, moment, 'away');
      await expect(store.apply(second)).rejects.toThrow(StoreUnavailable);
      proxy.heal();
      await until(() => far.ping());
      const again = store.apply(second);
      if (moment === 'after' && command === 'commitTransaction') await expect(again).rejects.toThrow(CheckpointMoved);
      else await again;
      await expectSecond();
    });

    it('that leaves the checkpoint where it is, is not made twice either', async () => {
      const retried: Change = { from: 1, to: 1, rows: [insert(row('b'))], resolve: [{ stream: 's-1', through: 1 }] };
      proxy.loseAt('commitTransaction', 'after', 'away');
      await expect(open.store.apply(retried)).rejects.toThrow(StoreUnavailable);
      proxy.heal();
      await until(() => far.ping());
      await expect(open.store.apply(retried)).rejects.toThrow(CheckpointMoved);
      expect(await open.store.count()).toBe(2);
      await open.store.apply({ from: 1, to: 2, rows: [] });
      await expectSecond();
    });

    it('is not held up by the open transaction of a process that is gone', async () => {
      proxy.stallAt('commitTransaction');
      const lost = open.store.apply(second);
      const settled = expect(lost).rejects.toThrow(StoreUnavailable);
      const { store } = await near.open(definition, 1);
      // Its writes have come to the server, and nobody else can make them.
      await until(() => place.within((db) => expect(touchVersion(db)).rejects.toMatchObject({ code: 112 })));
      await store.apply(second);
      await expectSecond();
      await settled;
    });
  });

  it.each([
    ['before', new Map([['things', entry]])],
    [
      'after',
      new Map([
        ['papers', entry],
        ['things', { ...entry, live: 2 }],
      ]),
    ],
  ] as const)('publishes all entries or none when MongoDB stops %s they come', async (moment, expected) => {
    const both = new Map([
      ['papers', entry],
      ['things', { ...entry, live: 2 }],
    ]);
    await far.publish(new Map([['things', entry]]));
    proxy.loseAt('update', moment, 'away');
    await expect(far.publish(both)).rejects.toThrow(StoreUnavailable);
    expect(await near.catalogue()).toEqual(expected);
    proxy.heal();
    await until(() => far.ping());
    await far.publish(both);
    expect(await near.catalogue()).toEqual(both);
  });

  describe('a build', () => {
    it.each([
      ['before', 'insert'],
      ['after', 'insert'],
      ['before', 'createIndexes'],
      ['after', 'createIndexes'],
    ] as const)('survives a connection lost %s %s', async (moment, command) => {
      const build = await far.build(definition, 1);
      proxy.loseAt(command, moment, 'back');
      const rows = ['a', 'b', 'c'].map(row);
      await build.store.apply({ from: 0, to: 7, rows: rows.map(insert), park: [letter('s-1', 3)] });
      await build.finish();
      const { store } = await near.open(definition, 1);
      expect(await rowsOf(store)).toEqual(rows);
      expect(await store.checkpoint()).toBe(7);
      expect(await store.deadLetters()).toEqual([letter('s-1', 3)]);
    });

    it('does not write twice what was there when the connection was lost again and again', async () => {
      const build = await far.build(definition, 1);
      // The client library tries a second time by itself.
      proxy.loseAt('insert', 'after', 'back', 2);
      await build.store.apply({ from: 0, to: 7, rows: ['a', 'b'].map(row).map(insert) });
      await build.store.apply({ from: 7, to: 8, rows: [insert(row('c'))] });
      await build.finish();
      expect(await rowsOf((await near.open(definition, 1)).store)).toEqual(['a', 'b', 'c'].map(row));
    });

    it('is given up when a change may be there in part, and can be begun anew', async () => {
      const build = await far.build(definition, 1);
      proxy.loseAt('insert', 'after', 'away');
      const change: Change = { from: 0, to: 7, rows: ['a', 'b'].map(row).map(insert) };
      await expect(build.store.apply(change)).rejects.toThrow(StoreUnavailable);
      proxy.heal();
      await until(() => far.ping());
      await expect(build.store.load(['a'])).rejects.toThrow(StoreUnavailable);
      await expect(build.store.apply(change)).rejects.toThrow(StoreUnavailable);
      await expect(build.finish()).rejects.toThrow(StoreUnavailable);
      const again = await far.build(definition, 1);
      await again.store.apply(change);
      await again.finish();
      expect(await rowsOf((await near.open(definition, 1)).store)).toEqual(['a', 'b'].map(row));
    });
  });

  it('loses and doubles nothing when the primary steps down', async () => {
    const { store } = await near.create(definition, 1);
    const ids = Array.from({ length: 60 }, (_, index) => `row-${String(index).padStart(2, '0')}`);
    const stepDown = { replSetStepDown: 1, secondaryCatchUpPeriodSecs: 0, force: true };
    let stepped: Promise<unknown> = Promise.resolve();
    for (const [from, id] of ids.entries()) {
      if (from === 20) stepped = place.within((db) => db.client.db('admin').command(stepDown));
      await until(async () => {
        try {
          await store.apply({ from, to: from + 1, rows: [insert(row(id))] });
        } catch (error) {
          if (!(error instanceof CheckpointMoved)) throw error;
          expect(await store.checkpoint()).toBe(from + 1);
        }
      });
    }
    expect(await stepped).toMatchObject({ ok: 1 });
    expect(await rowsOf(store)).toEqual(ids.map(row));
    expect(await store.checkpoint()).toBe(ids.length);
  });
});

/** Changes the version's record in a transaction that is not kept. */
async function touchVersion(db: Db): Promise<void> {
  await db.client.withSession(async (session) => {
    session.startTransaction();
    try {
      await db.collection('read_versions').updateMany({}, { $set: { touched: true } }, { session });
    } finally {
      await session.abortTransaction();
    }
  });
}
