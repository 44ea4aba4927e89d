import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointMoved, type AnyRow, type ModelStore } from '../../../src/ports/read-model.ts';
import { byId, insert, letter, remove, rowsOf, update, write } from './helpers.ts';
import type { Samples } from './samples.ts';
import type { MakePlace, Place } from './suite.ts';

export function modelStoreContract(kind: string, makePlace: MakePlace, samples: Samples): void {
  const { definition, rows, changed } = samples;

  describe(`the ${kind} store of a projector`, () => {
    let place: Place;
    let store: ModelStore<AnyRow>;

    beforeEach(async () => {
      place = await makePlace();
      ({ store } = await place.open().create(definition, 1));
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    async function reopen(): Promise<void> {
      await store.close();
      ({ store } = await place.open().open(definition, 1));
    }

    it('begins before the first event, without rows', async () => {
      expect(await store.checkpoint()).toBe(0);
      expect(await rowsOf(store)).toEqual([]);
      expect(await store.count()).toBe(0);
      expect(await store.deadLetters()).toEqual([]);
      expect(await store.load(['a'])).toEqual(new Map());
    });

    it('gives rows back exactly as they were written, also after it was closed', async () => {
      await write(store, rows);
      await reopen();
      expect(await store.load(rows.map(({ id }) => id))).toEqual(new Map(rows.map((row) => [row.id, row])));
      expect(await rowsOf(store)).toEqual([...rows].sort(byId));
      expect(await store.count()).toBe(rows.length);
      expect(await store.checkpoint()).toBe(1);
    });

    it('loads the rows that are there, and says nothing of the others', async () => {
      await write(store, rows.slice(0, 2));
      const ids = rows.slice(0, 3).map(({ id }) => id);
      expect([...(await store.load([...ids, 'nobody'])).keys()].sort()).toEqual(ids.slice(0, 2).sort());
    });

    it('changes, deletes and brings back rows', async () => {
      await write(store, rows);
      const [first, second, third] = rows;
      if (first === undefined || second === undefined || third === undefined) throw new Error('too few samples');
      await store.apply({ from: 1, to: 2, rows: [update(first, changed), remove(second), remove(third)] });
      expect(await store.load([first.id, second.id])).toEqual(new Map([[changed.id, changed]]));
      await store.apply({ from: 2, to: 3, rows: [update(changed, first), insert(second), insert(third)] });
      expect(await rowsOf(store)).toEqual([...rows].sort(byId));
    });

    it('moves its checkpoint without rows as well', async () => {
      await store.apply({ from: 0, to: 9_007_199_254_740_991, rows: [] });
      await reopen();
      expect(await store.checkpoint()).toBe(9_007_199_254_740_991);
    });

    it('refuses a change that was computed on another checkpoint, and keeps nothing of it', async () => {
      await write(store, rows.slice(0, 1));
      const change = { from: 0, to: 5, rows: rows.slice(1, 2).map(insert), park: [letter('s-1', 1)] };
      await expect(store.apply(change)).rejects.toThrow(CheckpointMoved);
      expect(await store.checkpoint()).toBe(1);
      expect(await store.count()).toBe(1);
      expect(await store.deadLetters()).toEqual([]);
    });

    it('lets only one of two writers move on from the same checkpoint', async () => {
      const { store: other } = await place.open().open(definition, 1);
      try {
        await other.apply({ from: 0, to: 1, rows: rows.slice(0, 1).map(insert) });
        await expect(store.apply({ from: 0, to: 1, rows: rows.slice(1, 2).map(insert) })).rejects.toThrow(
          CheckpointMoved,
        );
        expect(await rowsOf(store)).toEqual(rows.slice(0, 1));
      } finally {
        await other.close();
      }
    });

    it('refuses to insert a row that is there, and everything with it', async () => {
      const [there, good] = [samples.row('there'), samples.row('good')];
      await write(store, [there]);
      const change = { from: 1, to: 2, rows: [insert(good), insert(there)], park: [letter('s-1', 1)] };
      await expect(store.apply(change)).rejects.toThrow();
      expect(await rowsOf(store)).toEqual([there]);
      expect(await store.checkpoint()).toBe(1);
      expect(await store.deadLetters()).toEqual([]);
      await write(store, [good]);
      expect(await store.count()).toBe(2);
    });

    it('refuses to change or delete a row that is not there', async () => {
      const gone = samples.row('gone');
      await expect(store.apply({ from: 0, to: 1, rows: [update(gone, gone), remove(gone)] })).rejects.toThrow();
      await expect(store.apply({ from: 0, to: 1, rows: [remove(gone)] })).rejects.toThrow('gone');
      expect(await store.checkpoint()).toBe(0);
    });

    it('keeps dead letters with the checkpoint, in log order, one for each event', async () => {
      await store.apply({ from: 0, to: 9, rows: [], park: [letter('s-2', 9), letter('s-1', 3), letter('s-2', 4)] });
      await store.apply({ from: 9, to: 9, rows: [], park: [letter('s-1', 3, { attempts: 4, error: 'still broken' })] });
      await reopen();
      expect(await store.deadLetters()).toEqual([
        letter('s-1', 3, { attempts: 4, error: 'still broken' }),
        letter('s-2', 4),
        letter('s-2', 9),
      ]);
    });

    it('resolves the letters of a stream up to a position, together with the rows', async () => {
      await store.apply({ from: 0, to: 9, rows: [], park: [letter('s-2', 9), letter('s-1', 3), letter('s-2', 4)] });
      await store.apply({
        from: 9,
        to: 9,
        rows: rows.slice(0, 1).map(insert),
        resolve: [{ stream: 's-2', through: 4 }],
      });
      expect(await store.deadLetters()).toEqual([letter('s-1', 3), letter('s-2', 9)]);
      expect(await store.count()).toBe(1);
    });

    it('walks through many rows in order of their ids, whatever order they came in', async () => {
      const ids = Array.from({ length: 1_300 }, (_, index) => `row-${(index * 7919) % 1_300}`);
      await write(
        store,
        ids.map((id) => samples.row(id)),
      );
      expect((await rowsOf(store)).map(({ id }) => id)).toEqual(ids.sort());
    });
  });
}
