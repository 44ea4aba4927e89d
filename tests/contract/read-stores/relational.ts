import { sql, type Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyRow, ModelStore, RelationalRow } from '../../../src/ports/read-model.ts';
import { insert, write } from './helpers.ts';
import { relationalSamples } from './samples.ts';
import type { MakePlace, Place } from './suite.ts';

interface Tables {
  things: { id: string; name: string | null; size: number | null; ratio: number | null; tags: string | null };
}

export function relationalContract(makePlace: MakePlace): void {
  const { definition, row } = relationalSamples;

  describe('queries to a relational model', () => {
    let place: Place;
    let store: ModelStore<AnyRow>;
    let db: Kysely<Tables>;

    beforeEach(async () => {
      place = await makePlace();
      const open = await place.open().create(definition, 1);
      ({ store } = open);
      if (open.reader.kind !== 'relational') throw new Error('not relational');
      db = open.reader.db<Tables>();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    it('filter, sort and count under the name that the model gives its table', async () => {
      const sizes = [3, 1, 2, null];
      await write(
        store,
        sizes.map((size, index) => ({ ...row(`id-${index}`), name: `n${index % 2}`, size })),
      );
      const found = await db
        .selectFrom('things')
        .select(['id', 'size'])
        .where('name', '=', 'n0')
        .orderBy('size', 'desc')
        .execute();
      expect(found.map((each) => ({ ...each }))).toEqual([
        { id: 'id-0', size: 3 },
        { id: 'id-2', size: 2 },
      ]);
      const { count } = await db
        .selectFrom('things')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      expect(count).toBe(4);
    });

    it('see every change as soon as it is applied', async () => {
      const names = async (): Promise<unknown> =>
        (await db.selectFrom('things').select('id').orderBy('id').execute()).map(({ id }) => id);
      expect(await names()).toEqual([]);
      await store.apply({ from: 0, to: 1, rows: [insert(row('a'))] });
      expect(await names()).toEqual(['a']);
      await store.apply({ from: 1, to: 2, rows: [insert(row('b'))] });
      expect(await names()).toEqual(['a', 'b']);
    });

    it('stream rows while the projector goes on writing', async () => {
      await write(
        store,
        Array.from({ length: 50 }, (_, index) => row(`a${index}`)),
      );
      let seen = 0;
      for await (const { id } of db.selectFrom('things').select('id').orderBy('id').stream()) {
        expect(id).toMatch(/^a/);
        await write(store, [row(`b${seen}`)]);
        seen++;
      }
      expect(seen).toBe(50);
    });

    it('compare with values that look like syntax', async () => {
      const name = "'; DROP TABLE things; --";
      const row: RelationalRow = { id: 'a', name, size: 1, ratio: 1, tags: null };
      await write(store, [row]);
      expect(await db.selectFrom('things').selectAll().where('name', '=', name).execute()).toHaveLength(1);
      expect(await db.selectFrom('things').selectAll().where('name', '=', '"').execute()).toHaveLength(0);
    });

    it('cannot write', async () => {
      await write(store, [row('a')]);
      await expect(db.deleteFrom('things').execute()).rejects.toThrow('written by their projectors only');
      await expect(db.updateTable('things').set({ size: 9 }).execute()).rejects.toThrow();
      await expect(sql`DELETE FROM things RETURNING id`.execute(db)).rejects.toThrow();
      await expect(db.transaction().execute(async () => undefined)).rejects.toThrow();
      expect(await store.load(['a'])).toEqual(new Map([['a', row('a')]]));
    });
  });
}
