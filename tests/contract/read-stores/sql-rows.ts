import { sql, type Kysely } from 'kysely';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlPool } from '../../../src/infrastructure/read-stores/sql/pool.ts';
import { rowWrites } from '../../../src/infrastructure/read-stores/sql/row-writes.ts';
import { openSqlReadStores } from '../../../src/infrastructure/read-stores/sql.ts';
import type { AnyRow, ModelStore, RelationalRow } from '../../../src/ports/read-model.ts';
import type { RelationalModel } from '../../../src/ports/read-model.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { until } from '../../projections/support/world.ts';
import { byId, insert, remove, rowsOf, update, write } from './helpers.ts';
import { relationalSamples } from './samples.ts';
import { makeDatabase, type TestDatabase } from './sql-database.ts';

const { definition } = relationalSamples;

interface Tables {
  things: { id: string; name: string | null; size: number | null; ratio: number | null; tags: string | null };
}

/** Where MySQL and MariaDB would do something else than other stores, if they were left to themselves. */
export function sqlRowsContract(url: string): void {
  describe('rows in a database', () => {
    let database: TestDatabase;
    let store: ModelStore<AnyRow>;
    let db: Kysely<Tables>;

    beforeEach(async () => {
      database = await makeDatabase(url);
      const open = await database.open().create(definition, 1);
      ({ store } = open);
      if (open.reader.kind !== 'relational') throw new Error('not relational');
      db = open.reader.db<Tables>();
    });
    afterEach(() => database.remove());

    const thing = (id: string, cells: Partial<RelationalRow> = {}): RelationalRow => ({
      id,
      name: id,
      size: 1,
      ratio: 0.5,
      tags: '[]',
      ...cells,
    });

    it('are told apart and ordered by the bytes of their texts: case, accents and spaces at the end', async () => {
      const texts = ['a', 'A', 'ä', 'a ', 'a\t', 'a\0', 'ａ', 'ß', 'ss', '', ' ', '\uffee', '😀', 'é', 'e\u0301'];
      await write(
        store,
        texts.map((text) => thing(`id ${text}`, { name: text })),
      );
      const inOrder = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await rowsOf(store)).map(({ id }) => id)).toEqual(inOrder.map((text) => `id ${text}`));
      const listed = await db.selectFrom('things').select('name').orderBy('name').execute();
      expect(listed.map(({ name }) => name)).toEqual(inOrder);
      for (const text of texts) {
        const found = await db.selectFrom('things').select('id').where('name', '=', text).execute();
        expect(found.map(({ id }) => id)).toEqual([`id ${text}`]);
        expect(await store.load([`id ${text}`])).toHaveProperty('size', 1);
      }
      const containing = sql<{ id: string }>`select id from ${sql.table('things')} where instr(name, ${'A'}) > 0`;
      expect((await containing.execute(db)).rows.map(({ id }) => id)).toEqual(['id A']);
    });

    it('keep numbers as they are, however long', async () => {
      const ratios = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1 / 3, 2 ** 53 + 2, 1e21, 123456789.12345679];
      const sizes = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, -1, 2 ** 31, 2 ** 32, 7];
      const rows = ratios.map((ratio, index) => thing(`${index}`, { ratio, size: sizes[index] ?? null }));
      await write(store, rows);
      expect(await rowsOf(store)).toEqual(rows);
      expect((await db.selectFrom('things').selectAll().orderBy('id').execute()).map((row) => ({ ...row }))).toEqual(
        rows,
      );
      const { total } = await db
        .selectFrom('things')
        .select(({ fn }) => fn.sum<number>('size').as('total'))
        .executeTakeFirstOrThrow();
      expect(total).toBe(sizes.reduce((sum, size) => sum + size, 0));
      for (const ratio of ratios) {
        expect(await db.selectFrom('things').select('id').where('ratio', '=', ratio).execute()).toHaveLength(1);
      }
    });

    it('can have ids that are longer than any key, alike for as long as a key is', async () => {
      const long = 'ﷺ'.normalize('NFKC').repeat(2_000);
      const rows = [thing('b'), thing(`${long}1`), thing(`${long}2`), thing('a')];
      await write(store, rows);
      expect(await store.load([`${long}2`])).toEqual(new Map([[`${long}2`, thing(`${long}2`)]]));
      expect(await rowsOf(store)).toEqual([...rows].sort(byId));
      const [, one, two] = rows;
      if (one === undefined || two === undefined) throw new Error('too few rows');
      const renamed = { ...one, name: 'renamed' };
      await store.apply({ from: 1, to: 2, rows: [update(one, renamed), remove(two)] });
      expect(await store.load([`${long}1`, `${long}2`])).toEqual(new Map([[renamed.id, renamed]]));
      await expect(store.apply({ from: 2, to: 3, rows: [insert(one)] })).rejects.toThrow();
      const [read] = await db.selectFrom('things').selectAll().where('name', '=', 'renamed').execute();
      expect(read).toEqual(renamed);
    });

    it('are refused as a whole when one of many is not there to be changed, which is named', async () => {
      const rows = Array.from({ length: 2_500 }, (_, index) => thing(`row-${index}`));
      await write(store, rows);
      const changes = rows.map((row) => update(row, resized(row, 2)));
      const missing = thing('nobody');
      const change = { from: 1, to: 2, rows: [...changes, update(missing, resized(missing, 2))] };
      await expect(store.apply(change)).rejects.toThrow('there is no row nobody to change');
      expect(await rowsOf(store)).toEqual([...rows].sort(byId));
      expect(await store.checkpoint()).toBe(1);
    });

    it('change in many ways in one change', async () => {
      const rows = Array.from({ length: 300 }, (_, index) => thing(`row-${index}`));
      await write(store, rows);
      const changed = rows.map((row, index) => ({
        ...row,
        ...(index % 2 === 0 && { name: null }),
        ...(index % 3 === 0 && { size: index }),
        ...(index % 5 === 0 && { ratio: index / 7, tags: '["x"]' }),
      }));
      await store.apply({ from: 1, to: 2, rows: rows.map((row, index) => update(row, changed[index] ?? row)) });
      expect(await rowsOf(store)).toEqual([...changed].sort(byId));
    });

    it('are written in as many statements as the server takes, and refused when one is too large for it', async () => {
      const model = definition.model as RelationalModel;
      const pool = openSqlPool(database.url, 'write');
      try {
        const writes = rowWrites(model, 'things_v1', 100_000);
        const rows = Array.from({ length: 40 }, (_, index) => thing(`row-${index}`, { name: 'x'.repeat(9_000) }));
        await pool.session((session) =>
          writes.write(
            session,
            rows.map((after) => ({ id: after.id, before: undefined, after })),
          ),
        );
        expect(await store.count()).toBe(40);
        const huge = thing('huge', { name: '€'.repeat(40_000) });
        const written = pool.session((session) =>
          writes.write(session, [{ id: huge.id, before: undefined, after: huge }]),
        );
        await expect(written).rejects.toThrow(
          'row huge is larger than the database takes (max_allowed_packet is 100000)',
        );
      } finally {
        await pool.close();
      }
    });

    it('are all walked through, large ones among small ones', async () => {
      const rows = Array.from({ length: 400 }, (_, index) =>
        thing(`row-${index}`, { name: 'x'.repeat(index % 90 === 0 ? 3_000_000 : 10) }),
      );
      await write(store, rows);
      expect((await rowsOf(store)).map(({ id }) => id)).toEqual([...rows].sort(byId).map(({ id }) => id));
    });

    it('cannot be written by a query, whatever it begins with', async () => {
      await write(store, [thing('a')]);
      const disguised = sql`with gone as (select 1) delete from things`;
      await expect(disguised.execute(db)).rejects.toThrow();
      await expect(sql`select * from things into outfile '/tmp/annals-never'`.execute(db)).rejects.toThrow();
      await expect(sql`select 1; delete from things`.execute(db)).rejects.toThrow();
      await expect(
        db
          .selectFrom('things')
          .selectAll()
          .where('name', '=', { toSqlString: () => '1 or 1' } as never)
          .execute(),
      ).rejects.toThrow(TypeError);
      expect(await rowsOf(store)).toEqual([thing('a')]);
    });

    it('come out of a list by a text and a number without being sorted', async () => {
      const calls: RelationalModel = {
        kind: 'relational',
        table: 'calls',
        columns: { owner: 'text', place: 'integer' },
        indexes: [['owner', 'place']],
      };
      const build = await database.open().build({ name: 'calls', schemaVersion: 1, model: calls }, 1);
      const rows: AnyRow[] = Array.from({ length: 2_000 }, (_, place) => call(place, `owner ${place % 20}`));
      await write(build.store, rows);
      await build.finish();
      const [plan] = await database.query(
        `EXPLAIN SELECT * FROM calls_v1 WHERE owner = 'owner 3' AND place < 1500 ORDER BY place DESC LIMIT 10`,
      );
      expect(plan).toHaveProperty('key', 'by_0_owner_place');
      expect(plan).toHaveProperty('Extra', expect.not.stringContaining('filesort'));
    });

    it('are written after all when a deadlock has taken them back', async () => {
      const rows = ['a', 'b', 'c'].map((id) => thing(id));
      await write(store, [...rows, ...Array.from({ length: 200 }, (_, index) => thing(`weight-${index}`))]);
      const other = await createConnection(database.url);
      try {
        await other.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
        await other.query('START TRANSACTION');
        // Whoever has written more is spared.
        await other.query(`UPDATE things_v1 SET ratio = 9 WHERE id LIKE 'weight-%'`);
        await other.query(`UPDATE things_v1 SET ratio = 9 WHERE id = 'b'`);
        const [a, b] = rows;
        if (a === undefined || b === undefined) throw new Error('too few rows');
        const applied = store.apply({ from: 1, to: 2, rows: [remove(a), update(b, resized(b, 5))] });
        await waiting();
        // It waits for b and has deleted a: this closes the circle, and succeeds because the other one is taken back.
        await other.query(`UPDATE things_v1 SET ratio = 9 WHERE id = 'a'`);
        await other.query('COMMIT');
        await applied;
      } finally {
        await other.end();
      }
      expect(await store.checkpoint()).toBe(2);
      expect(await store.load(['a', 'b'])).toEqual(new Map([['b', { ...thing('b'), size: 5, ratio: 9 }]]));
    });

    it('are not written while somebody else holds on to them, and can be when they are free', async () => {
      await write(store, [thing('a')]);
      const other = await createConnection(database.url);
      try {
        await other.query('START TRANSACTION');
        await other.query('SELECT * FROM read_versions FOR UPDATE');
        const change = { from: 1, to: 2, rows: [insert(thing('b'))] };
        await expect(store.apply(change)).rejects.toThrow(StoreUnavailable);
        await other.query('ROLLBACK');
        await store.apply(change);
        expect(await rowsOf(store)).toEqual([thing('a'), thing('b')]);
      } finally {
        await other.end();
      }
    }, 30_000);

    it('are held by no server whose URL is none, and the URL is not told', () => {
      for (const wrong of ['mysql://user:hidden-word@', 'hidden-word', 'mysql://user:hidden-word@localhost:3306']) {
        const failure = thrownBy(() => openSqlReadStores({ url: wrong }));
        expect(failure).toBeInstanceOf(TypeError);
        expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hidden-word');
      }
      expect(() => openSqlReadStores({ url: database.url, prefix: 'a`b' })).toThrow(TypeError);
    });

    /** Settles when a writer of this database waits for a row. The server looks anew at who waits every 100 ms. */
    async function waiting(): Promise<void> {
      await until(async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        const rows = await database.query(
          `SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id IN
            (SELECT id FROM information_schema.processlist WHERE db = DATABASE())`,
        );
        return rows.length > 0;
      });
    }
  });
}

const resized = (row: RelationalRow, size: number): RelationalRow => ({ ...row, size });

const call = (place: number, owner: string): RelationalRow => ({ id: `call-${place}`, owner, place });

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
