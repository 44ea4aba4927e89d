import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineUnfit } from '../../../src/ports/engine-probe.ts';
import { migrateSql, planSqlMigrations } from '../../../src/infrastructure/read-stores/sql.ts';
import { makeDatabase, type TestDatabase } from './sql-database.ts';
import { relationalSamples } from './samples.ts';

const ALL = ['0001_catalogue', '0002_versions', '0003_dead_letters'];

/** How a database comes to have what lies beside the models. */
export function sqlMigrationsContract(url: string): void {
  describe('the migrations of a database', () => {
    let database: TestDatabase;

    beforeEach(async () => {
      database = await makeDatabase(url);
    });
    afterEach(() => database.remove());

    it('are planned without changing anything, and run once', async () => {
      expect(await planSqlMigrations({ url: database.url })).toEqual(ALL);
      expect(await database.tables()).toEqual([]);
      expect(await migrateSql({ url: database.url })).toEqual(ALL);
      expect(await planSqlMigrations({ url: database.url })).toEqual([]);
      expect(await migrateSql({ url: database.url })).toEqual([]);
    });

    it('run once when several processes begin at the same time', async () => {
      const ran = await Promise.all(Array.from({ length: 4 }, () => migrateSql({ url: database.url })));
      expect(ran.flat().sort()).toEqual(ALL);
    });

    it('go on where a crash has left them: a table made, and not recorded', async () => {
      await migrateSql({ url: database.url });
      await database.query(`DELETE FROM read_migrations WHERE name > '0001'`);
      await database.query('DROP TABLE read_dead_letters');
      expect(await migrateSql({ url: database.url })).toEqual(ALL);
      expect(await database.open().catalogue()).toEqual(new Map());
    });

    it('are run by the store that first needs them, under its prefix', async () => {
      await database.open({ prefix: 'one-' }).catalogue();
      expect(await planSqlMigrations({ url: database.url, prefix: 'one-' })).toEqual([]);
      expect(await planSqlMigrations({ url: database.url, prefix: 'two-' })).toEqual(ALL);
      expect((await database.tables()).every((table) => table.startsWith('one-read_'))).toBe(true);
    });

    it('are waited for by a store that was told not to run them', async () => {
      const stores = database.open({ migrations: 'refuse' });
      await expect(stores.catalogue()).rejects.toThrow(/lacks the migrations 0001_catalogue, /);
      expect(await database.tables()).toEqual([]);
      await migrateSql({ url: database.url });
      expect(await stores.catalogue()).toEqual(new Map());
    });

    it('that this program does not know make it refuse the database, and leave it as it is', async () => {
      await migrateSql({ url: database.url });
      await database.query(`INSERT INTO read_migrations VALUES ('9999_future', '2030-01-01T00:00:00.000Z')`);
      const tables = await database.tables();
      const refusal = /the database is newer than this program.* 9999_future/;
      await expect(planSqlMigrations({ url: database.url })).rejects.toThrow(refusal);
      await expect(migrateSql({ url: database.url })).rejects.toThrow(refusal);
      for (const migrations of ['auto', 'refuse'] as const) {
        const stores = database.open({ migrations });
        await expect(stores.catalogue()).rejects.toThrow(refusal);
        await expect(stores.create(relationalSamples.definition, 1)).rejects.toThrow(EngineUnfit);
      }
      expect(await database.tables()).toEqual(tables);
    });
  });
}
