import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MongoReadStores } from '../../../src/infrastructure/read-stores/mongo.ts';
import type { DocumentRow, ModelStore, AnyRow } from '../../../src/ports/read-model.ts';
import { ModelUnusable, type DocumentReader, type OpenModel } from '../../../src/ports/read-stores.ts';
import { onEngine } from '../../support/engines.ts';
import { insert, letter, rowsOf, update, write } from './helpers.ts';
import { mongoPlace, type MongoTestPlace } from './mongodb-place.ts';
import { documentSamples } from './samples.ts';

const { definition, row } = documentSamples;

const names = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', '$set', '$where', 'a.b', '', '_id', 'f', '\0', '10', '9', 'toJSON'),
  fc.string({ unit: 'grapheme' }),
);
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, -0.5, 1e300, 5e-324, 2 ** 53, -(2 ** 31) - 1, 0.1 + 0.2, '\ud800', '\0', ''),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((fields) => Object.fromEntries(fields)),
  ),
})).value;

onEngine('mongodb', (url) => {
  let place: MongoTestPlace;
  let stores: MongoReadStores;
  let store: ModelStore<AnyRow>;
  let reader: DocumentReader;

  function documentsOf(open: OpenModel): DocumentReader {
    if (open.reader.kind !== 'documents') throw new Error('no documents');
    return open.reader;
  }

  beforeEach(async () => {
    place = mongoPlace(url);
    stores = place.open();
    const open = await stores.create(definition, 1);
    ({ store } = open);
    reader = documentsOf(open);
  });
  afterEach(() => place.remove());

  describe('documents in MongoDB', () => {
    it('come back to the byte, whatever JSON they are', async () => {
      let last = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(fc.tuple(names, values)), { minLength: 1, maxLength: 20 }), async (all) => {
          const documents = all.map((fields): DocumentRow => {
            const { id: _, ...rest } = Object.fromEntries(fields);
            return { ...rest, id: `document ${++last}` };
          });
          await write(store, documents);
          const loaded = await store.load(documents.map(({ id }) => id));
          for (const document of documents) {
            expect(JSON.stringify(loaded.get(document.id))).toBe(JSON.stringify(document));
            expect(JSON.stringify(await reader.get(document.id))).toBe(JSON.stringify(document));
          }
        }),
        { numRuns: 15 },
      );
    });

    it('may nest deeper than the server would take them', async () => {
      let body: unknown = 'the end';
      for (let depth = 0; depth < 1_000; depth++) body = { in: [body] };
      await write(store, [{ id: 'deep', ...{ body } }]);
      expect(JSON.stringify(await reader.get('deep'))).toBe(JSON.stringify({ id: 'deep', body }));
    });

    it('are refused when they are larger than the server takes, and all of their change', async () => {
      const large = { id: 'too large', ...{ body: '版'.repeat(6_000_000) } };
      await expect(write(store, [row('a'), large])).rejects.toThrow(/too large is larger than MongoDB takes/);
      expect(await store.count()).toBe(0);
      const whole = { id: 'large', ...{ body: 'x'.repeat(15_000_000) } };
      await write(store, [row('a'), whole]);
      expect(await store.load(['large'])).toEqual(new Map([['large', whole]]));
    });

    it('are walked through in byte order of their ids, not in that of UTF-16', async () => {
      const ids = ['', '\0', 'A', 'a', 'a\0', 'é', '\uffff', '\u{10000}'];
      await write(store, [...ids].reverse().map(row));
      expect((await rowsOf(store)).map(({ id }) => id)).toEqual(ids);
    });

    it('are found by values, never by operators', async () => {
      await write(store, [row('a'), row('b')]);
      for (const text of ['{"$ne":null}', '{"$gt":""}', '{"$regex":".*"}', '{"$where":"true"}']) {
        // What a careless caller could hand on from a request.
        const operator = JSON.parse(text) as string;
        expect(await reader.find({ equals: { owner: operator }, limit: 9 })).toEqual([]);
        expect(await reader.get(operator)).toBeUndefined();
      }
    });
  });

  describe('queries to documents in MongoDB', () => {
    const cells = fc.option(fc.constantFrom<string | number>(-1, 0, 0.5, 7, '7', '', 'a', 'é', '\uffff', '\u{10000}'));
    const directions = fc.constantFrom('asc', 'desc');

    it('find the same whether an index names their fields or not', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(cells, cells), { maxLength: 30 }),
          fc.record({ owner: cells, size: cells, by: fc.constantFrom('owner', 'size'), directions, limit: fc.nat(9) }),
          async (all, { owner, size, by, directions: direction, limit }) => {
            const from = await store.checkpoint();
            const before = await store.load((await rowsOf(store)).map(({ id }) => id));
            const documents = all.map(([a, b], index) => ({
              id: String(index),
              ...{ owner: a, size: b, kind: a, height: b },
            }));
            const removed = [...before.values()].filter(({ id }) => Number(id) >= documents.length);
            await store.apply({
              from,
              to: from + 1,
              rows: [
                ...removed.map((gone) => ({ id: gone.id, before: gone, after: undefined })),
                ...documents.map((after) => {
                  const known = before.get(after.id);
                  return known === undefined ? insert(after) : update(known, after);
                }),
              ],
            });
            const asked = { ...(owner !== null && { owner }), ...(size !== null && { size }) };
            const indexed = await reader.find({ equals: asked, sort: [{ field: by, direction }], limit });
            const read = await reader.find({
              equals: { ...(owner !== null && { kind: owner }), ...(size !== null && { height: size }) },
              sort: [{ field: by === 'owner' ? 'kind' : 'height', direction }],
              limit,
            });
            expect(read).toEqual(indexed);
            const expected = documents.filter(
              (each) => (owner === null || each.owner === owner) && (size === null || each.size === size),
            );
            expect(indexed).toHaveLength(Math.min(limit, expected.length));
          },
        ),
        { numRuns: 40 },
      );
    });

    it('use the indexes that the model asks for, sorting included', async () => {
      const indexes = await place.within((db) => db.collection('papers_v1').indexes());
      expect(indexes.map(({ key }) => Object.keys(key))).toEqual([
        ['_id'],
        ['f.owner', 'f.size', '_id'],
        ['f.state', '_id'],
      ]);
    });
  });

  describe('a version that was emptied away', () => {
    beforeEach(async () => {
      await write(store, [row('a')]);
      await store.apply({ from: 1, to: 1, rows: [], park: [letter('s-1', 1)] });
      await place.within((db) => db.dropDatabase());
    });

    async function expectGone(): Promise<void> {
      await expect(store.checkpoint()).rejects.toThrow(ModelUnusable);
      await expect(store.count()).rejects.toThrow(ModelUnusable);
      await expect(rowsOf(store)).rejects.toThrow(ModelUnusable);
      await expect(store.deadLetters()).rejects.toThrow(ModelUnusable);
      await expect(store.apply({ from: 1, to: 2, rows: [insert(row('b'))] })).rejects.toThrow(ModelUnusable);
      await expect(reader.get('a')).rejects.toThrow(ModelUnusable);
      await expect(reader.find({ equals: {}, limit: 1 })).rejects.toThrow(ModelUnusable);
    }

    it('says so, instead of answering as if it had always been empty', async () => {
      await expectGone();
      await expect(stores.open(definition, 1)).rejects.toThrow(ModelUnusable);
      expect(await stores.catalogue()).toEqual(new Map());
      expect(await stores.versions(definition)).toEqual([]);
    });

    it('is not mistaken for the one that is made in its place', async () => {
      const again = await stores.create(definition, 1);
      await write(again.store, [row('a')]);
      await expectGone();
      expect(await again.store.count()).toBe(1);
      expect(await again.store.deadLetters()).toEqual([]);
      await expect(again.store.apply({ from: 1, to: 1, rows: [], park: [letter('s-1', 1)] })).resolves.toBeUndefined();
    });
  });

  describe('a build in MongoDB', () => {
    it('cannot be finished when it was begun anew elsewhere', async () => {
      const lost = await stores.build(definition, 2);
      const other = await place.open().build(definition, 2);
      await write(other.store, [row('a')]);
      await expect(lost.finish()).rejects.toThrow(ModelUnusable);
      await other.finish();
      expect(await rowsOf((await stores.open(definition, 2)).store)).toEqual([row('a')]);
    });

    it('goes on after a row that is too large, of which nothing is kept', async () => {
      const build = await stores.build(definition, 2);
      const large = { id: 'large', ...{ body: 'x'.repeat(17_000_000) } };
      await expect(build.store.apply({ from: 0, to: 2, rows: [row('a'), large].map(insert) })).rejects.toThrow(
        '16 MiB',
      );
      await build.store.apply({ from: 0, to: 1, rows: [insert(row('a'))] });
      await build.store.apply({ from: 1, to: 2, rows: [], park: [letter('s-1', 2)] });
      await build.finish();
      expect(await rowsOf((await stores.open(definition, 2)).store)).toEqual([row('a')]);
    });

    it('takes no change that was computed on another checkpoint', async () => {
      const build = await stores.build(definition, 2);
      await expect(build.store.apply({ from: 3, to: 4, rows: [] })).rejects.toThrow('checkpoint');
      await build.store.close();
    });
  });

  it('does not give a collection to two models', async () => {
    const other = { ...definition, name: 'other' };
    await expect(stores.create(other, 1)).rejects.toThrow('belongs to another model');
    await stores.drop(other, 1);
    await write(store, [row('a')]);
    expect(await store.count()).toBe(1);
  });

  it('writes nothing more once it is closed', async () => {
    const pending = write(store, [row('a')]);
    await pending;
    await store.close();
    await expect(store.apply({ from: 1, to: 2, rows: [] })).rejects.toThrow('closed');
    expect(await rowsOf((await stores.open(definition, 1)).store)).toEqual([row('a')]);
  });
});
