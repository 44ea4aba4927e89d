import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SqlReadStores } from '../../../src/infrastructure/read-stores/sql.ts';
import { ModelUnusable, type ReadStores } from '../../../src/ports/read-stores.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { byId, insert, letter, rowsOf, write } from './helpers.ts';
import { relationalSamples } from './samples.ts';
import { makeDatabase, type TestDatabase } from './sql-database.ts';
import { openSqlProxy, type SqlProxy } from './sql-proxy.ts';

const { definition, rows, row } = relationalSamples;
const OWN = ['read_catalogue', 'read_dead_letters', 'read_migration_lock', 'read_migrations', 'read_versions'];

/** Tables come and go outside of transactions: what a crash leaves in between. */
export function sqlVersionsContract(url: string): void {
  describe('a version of a model in a database', () => {
    let database: TestDatabase;
    let proxy: SqlProxy;
    /** By a way that does not break. */
    let stores: SqlReadStores;

    beforeEach(async () => {
      database = await makeDatabase(url);
      proxy = await openSqlProxy(database.url);
      stores = database.open();
    });
    afterEach(async () => {
      await database.remove();
      await proxy.close();
    });

    /** Does something again and again, cut one statement later each time, until it is not cut any more. */
    async function cutEverywhere(
      when: 'before' | 'after',
      prepare: (breaking: ReadStores) => Promise<() => Promise<unknown>>,
      look: (wasCut: boolean) => Promise<void>,
    ): Promise<number> {
      for (let statement = 1; ; statement++) {
        const breaking = database.open({ url: proxy.url });
        const act = await prepare(breaking);
        await breaking.catalogue();
        proxy.breakAt(statement, when);
        const failure: unknown = await act().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) expect(failure).toBeInstanceOf(StoreUnavailable);
        await proxy.restore();
        await look(failure !== undefined);
        if (failure === undefined) return statement;
        expect(statement).toBeLessThan(30);
      }
    }

    /** Whatever was left, a build makes a good version of it, and dropping that leaves nothing behind. */
    async function buildsAndDrops(): Promise<void> {
      const build = await stores.build(definition, 1);
      await build.store.apply({ from: 0, to: 9, rows: rows.map(insert), park: [letter('s-1', 4)] });
      await build.finish();
      const { store } = await stores.open(definition, 1);
      expect(await rowsOf(store)).toEqual([...rows].sort(byId));
      expect(await store.deadLetters()).toEqual([letter('s-1', 4)]);
      await store.close();
      await stores.drop(definition, 1);
      expect(await database.tables()).toEqual(OWN);
      expect(await database.query('SELECT * FROM read_dead_letters')).toEqual([]);
    }

    for (const when of ['before', 'after'] as const) {
      it(`is not there, or removed by the next build, after a crash ${when} any step of making it`, async () => {
        const steps = await cutEverywhere(
          when,
          async (breaking) => () => breaking.create(definition, 1),
          async (wasCut) => {
            // No table that nobody knows of.
            const tables = (await database.tables()).filter((table) => !OWN.includes(table));
            if (tables.length > 0) expect(await stores.versions(definition)).toEqual([1]);
            const opened = await stores.open(definition, 1).catch((error: unknown) => error);
            if (!wasCut) expect(opened).toHaveProperty('store');
            else if (opened instanceof Error) expect(opened).toBeInstanceOf(ModelUnusable);
            await buildsAndDrops();
          },
        );
        expect(steps).toBeGreaterThan(5);
      });

      it(`is there as it was built, or not at all, after a crash ${when} any step of finishing it`, async () => {
        const steps = await cutEverywhere(
          when,
          async (breaking) => {
            const build = await breaking.build(definition, 1);
            await write(build.store, rows);
            return () => build.finish();
          },
          async () => {
            const opened = await stores.open(definition, 1).catch((error: unknown) => error);
            if (opened instanceof Error) expect(opened).toBeInstanceOf(ModelUnusable);
            else expect(await stores.versions(definition)).toEqual([1]);
            await buildsAndDrops();
          },
        );
        expect(steps).toBeGreaterThan(2);
      });

      it(`is gone at the next attempt after a crash ${when} any step of dropping it`, async () => {
        const steps = await cutEverywhere(
          when,
          async (breaking) => {
            const { store } = await breaking.create(definition, 1);
            await store.apply({ from: 0, to: 9, rows: rows.map(insert), park: [letter('s-1', 4)] });
            return () => breaking.drop(definition, 1);
          },
          async () => {
            const tables = (await database.tables()).filter((table) => !OWN.includes(table));
            if (tables.length > 0) expect(await stores.versions(definition)).toEqual([1]);
            await stores.drop(definition, 1);
            expect(await database.tables()).toEqual(OWN);
            await buildsAndDrops();
          },
        );
        expect(steps).toBeGreaterThan(4);
      });
    }

    it('is lost to whoever has it open when the database is emptied, and can be built again at once', async () => {
      const { store, reader } = await stores.create(definition, 1);
      if (reader.kind !== 'relational') throw new Error('not relational');
      await write(store, [row('a')]);
      await stores.publish(new Map([['things', { live: 1, previous: null, schemaVersion: 1 }]]));
      for (const table of await database.tables()) await database.query(`DROP TABLE \`${table}\``);
      await expect(store.apply({ from: 1, to: 2, rows: [insert(row('b'))] })).rejects.toThrow(ModelUnusable);
      await expect(store.checkpoint()).rejects.toThrow(ModelUnusable);
      await expect(store.deadLetters()).rejects.toThrow(ModelUnusable);
      await expect(reader.db<{ things: object }>().selectFrom('things').selectAll().execute()).rejects.toThrow(
        StoreUnavailable,
      );
      expect(await stores.catalogue()).toEqual(new Map());
      await buildsAndDrops();
    });

    it('is lost when only what is known of it was emptied away, or only its table', async () => {
      const { store } = await stores.create(definition, 1);
      await database.query('DELETE FROM read_versions');
      await expect(store.checkpoint()).rejects.toThrow(ModelUnusable);
      await expect(store.apply({ from: 0, to: 1, rows: [] })).rejects.toThrow(ModelUnusable);
      await buildsAndDrops();
      await stores.create(definition, 1);
      await database.query('DROP TABLE things_v1');
      await expect(stores.open(definition, 1)).rejects.toThrow(ModelUnusable);
      await buildsAndDrops();
    });

    it('never takes the table of a model of another name', async () => {
      const { store } = await stores.create(definition, 1);
      await write(store, [row('a')]);
      const other = { ...definition, name: 'others' };
      await expect(stores.create(other, 1)).rejects.toThrow('belongs to another model');
      await stores.drop(other, 1);
      expect(await rowsOf(store)).toEqual([row('a')]);
    });

    it('stands apart from the same version under another prefix', async () => {
      const { store: one } = await database.open({ prefix: 'one-' }).create(definition, 1);
      const { store: two } = await database.open({ prefix: 'two-' }).create(definition, 1);
      await write(one, [row('a')]);
      expect(await rowsOf(two)).toEqual([]);
      expect(await database.tables()).toContain('one-things_v1');
    });
  });
}
