import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineUnfit } from '../../../src/ports/engine-probe.ts';
import type { SqlReadStores } from '../../../src/infrastructure/read-stores/sql.ts';
import type { AnyRow, ModelChange, ModelStore } from '../../../src/ports/read-model.ts';
import { CheckpointMoved } from '../../../src/ports/read-model.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { insert, letter, remove, rowsOf, update, write } from './helpers.ts';
import { relationalSamples } from './samples.ts';
import { makeDatabase, type TestDatabase } from './sql-database.ts';
import { openSqlProxy, type SqlProxy } from './sql-proxy.ts';

const { definition, row, changed, rows } = relationalSamples;
const [first = row('a')] = rows;

interface Thing {
  things: { id: string; name: string };
}

/** A server that goes away at any moment, and comes back. */
export function sqlOutagesContract(url: string): void {
  describe('a server that goes away', () => {
    let database: TestDatabase;
    let proxy: SqlProxy;
    let stores: SqlReadStores;

    beforeEach(async () => {
      database = await makeDatabase(url);
      proxy = await openSqlProxy(database.url);
      stores = database.open({ url: proxy.url });
    });
    afterEach(async () => {
      await proxy.restore();
      await database.remove();
      await proxy.close();
    });

    it('makes every method say so at first use, and all of them work when it is there', async () => {
      await proxy.stop();
      for (const attempt of [
        () => stores.catalogue(),
        () => stores.publish(new Map([['things', { live: 1, previous: null, schemaVersion: 1 }]])),
        () => stores.versions(definition),
        () => stores.create(definition, 1),
        () => stores.open(definition, 1),
        () => stores.build(definition, 1),
        () => stores.drop(definition, 1),
        () => stores.ping(),
      ]) {
        await expect(attempt()).rejects.toThrow(StoreUnavailable);
      }
      await proxy.restore();
      const { store } = await stores.create(definition, 1);
      await write(store, [first]);
      expect(await rowsOf(store)).toEqual([first]);
      expect(await stores.versions(definition)).toEqual([1]);
      expect(await stores.ping()).toMatchObject({ engine: expect.stringMatching(/^M/) as string });
    });

    it('makes an open model say so to its projector and to queries, until it is back', async () => {
      const { store, reader } = await stores.create(definition, 1);
      if (reader.kind !== 'relational') throw new Error('not relational');
      const names = async (): Promise<readonly string[]> =>
        (await reader.db<Thing>().selectFrom('things').select('name').execute()).map(({ name }) => name);
      const streamed = async (): Promise<number> => {
        let seen = 0;
        for await (const _ of reader.db<Thing>().selectFrom('things').select('name').stream()) seen++;
        return seen;
      };
      await write(store, [row('a')]);
      expect(await names()).toHaveLength(1);
      await proxy.stop();
      for (const attempt of [
        () => store.apply({ from: 1, to: 2, rows: [insert(row('b'))] }),
        () => store.checkpoint(),
        () => store.load(['a']),
        () => store.deadLetters(),
        () => store.count(),
        () => rowsOf(store),
        names,
        streamed,
      ]) {
        await expect(attempt()).rejects.toThrow(StoreUnavailable);
      }
      await proxy.restore();
      await store.apply({ from: 1, to: 2, rows: [insert(row('b'))] });
      expect(await names()).toEqual(['name of a', 'name of b']);
      expect(await streamed()).toBe(2);
    });

    it('is not waited for without end when it is silent, whether connections are there or come', async () => {
      const { store } = await stores.create(definition, 1);
      const other = database.open({ url: proxy.url });
      proxy.swallow();
      await Promise.all([
        expect(store.apply({ from: 0, to: 1, rows: [insert(row('a'))] })).rejects.toThrow(StoreUnavailable),
        expect(other.catalogue()).rejects.toThrow(StoreUnavailable),
      ]);
      await proxy.restore();
      expect(await store.checkpoint()).toBe(0);
      expect(await other.catalogue()).toEqual(new Map());
    }, 30_000);

    it('is there again after one failure, however many connections the network has forgotten', async () => {
      const { store } = await stores.create(definition, 1);
      await Promise.all(Array.from({ length: 8 }, () => store.count()));
      proxy.forget();
      await expect(store.checkpoint()).rejects.toThrow(StoreUnavailable);
      for (let read = 0; read < 8; read++) expect(await store.checkpoint()).toBe(0);
    }, 30_000);

    it('is not noticed when only its connections were ended', async () => {
      const { store, reader } = await stores.create(definition, 1);
      if (reader.kind !== 'relational') throw new Error('not relational');
      await write(store, [row('a')]);
      await reader.db<Thing>().selectFrom('things').selectAll().execute();
      const sessions = await database.query(
        `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
      );
      expect(sessions.length).toBeGreaterThan(1);
      for (const session of sessions) await database.query(`KILL ${String(Object.values(session)[0])}`);
      await write(store, [row('b')]);
      expect(await reader.db<Thing>().selectFrom('things').selectAll().execute()).toHaveLength(2);
    });

    describe('in the middle of a change', () => {
      const before = [first, row('gone'), row('kept')];
      const change: ModelChange<AnyRow> = {
        from: 1,
        to: 7,
        rows: [insert(row('new')), update(first, changed), remove(row('gone'))],
        park: [letter('s-1', 5)],
      };
      const after = [changed, row('kept'), row('new')];
      const untouched = { position: 1, rows: before, letters: [] };
      const written = { position: 7, rows: after, letters: [letter('s-1', 5)] };
      let store: ModelStore<AnyRow>;

      beforeEach(async () => {
        ({ store } = await stores.create(definition, 1));
        await write(store, before);
      });

      const stateOf = async (model: ModelStore<AnyRow>) => ({
        position: await model.checkpoint(),
        rows: await rowsOf(model),
        letters: await model.deadLetters(),
      });

      for (const when of ['before', 'after'] as const) {
        it(`has written all of it or nothing, cut ${when} any of its statements, and takes it when it is back`, async () => {
          let isDone = false;
          for (let statement = 1; !isDone; statement++) {
            const version = statement + 1;
            const { store: model } = await stores.create(definition, version);
            await write(model, before);
            proxy.breakAt(statement, when);
            const failure = await model.apply(change).then(
              () => undefined,
              (error: unknown) => error,
            );
            isDone = failure === undefined;
            if (!isDone) expect(failure).toBeInstanceOf(StoreUnavailable);
            await proxy.restore();

            const left = await stateOf(model);
            expect([untouched, written]).toContainEqual(left);
            if (isDone) expect(left).toEqual(written);
            // The same change again: it is taken, or it is told that it was.
            if (left.position === 7) await expect(model.apply(change)).rejects.toThrow(CheckpointMoved);
            else await model.apply(change);
            expect(await stateOf(model)).toEqual(written);
            expect(statement).toBeLessThan(20);
          }
        });

        it(`is written once, cut ${when} any of its statements, when it is back at once`, async () => {
          for (let statement = 1; ; statement++) {
            const version = statement + 1;
            const { store: model } = await stores.create(definition, version);
            await write(model, before);
            proxy.breakAt(statement, when, 'open');
            await model.apply(change);
            const wasCut = proxy.statements > statement;
            expect(await stateOf(model)).toEqual(written);
            await proxy.restore();
            if (!wasCut) break;
            expect(statement).toBeLessThan(20);
          }
        });
      }

      it('does not take twice what was written without an answer, though the checkpoint stands still', async () => {
        const still: ModelChange<AnyRow> = { from: 1, to: 1, rows: [insert(row('new'))] };
        // The last of four statements is the COMMIT.
        proxy.breakAt(4, 'after');
        await expect(store.apply(still)).rejects.toThrow(StoreUnavailable);
        await proxy.restore();
        await expect(store.apply(still)).rejects.toThrow(CheckpointMoved);
        expect(await store.load(['new'])).toEqual(new Map([['new', row('new')]]));
        await store.apply({ from: 1, to: 1, rows: [remove(row('new'))] });
        expect(await rowsOf(store)).toEqual(before);
      });
    });

    it('refuses a wrong password as something that an operator has to mend, and nobody learns it', async () => {
      const wrong = new URL(database.url);
      wrong.password = 'not-the-password';
      const refused = database.open({ url: wrong.href });
      const failure: unknown = await refused.catalogue().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(EngineUnfit);
      expect(String(failure)).toContain('user or password are wrong');
      expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain('not-the-password');
      const nowhere = new URL(wrong.href);
      nowhere.port = new URL(proxy.url).port;
      await proxy.stop();
      const away: unknown = await database
        .open({ url: nowhere.href })
        .catalogue()
        .catch((error: unknown) => error);
      expect(inspect(away, { depth: 10, showHidden: true })).not.toContain('not-the-password');
    });

    it('that has no such database says so', async () => {
      const elsewhere = new URL(database.url);
      elsewhere.pathname = '/annals_no_such_database';
      await expect(database.open({ url: elsewhere.href }).catalogue()).rejects.toThrow(/there is no such database/);
    });
  });
}
