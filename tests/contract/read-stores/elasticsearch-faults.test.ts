import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  migrateElasticsearch,
  planElasticsearchMigrations,
} from '../../../src/infrastructure/read-stores/elasticsearch.ts';
import { EngineUnfit } from '../../../src/ports/engine-probe.ts';
import { CheckpointMoved, type AnyRow, type DeadLetter, type ModelStore } from '../../../src/ports/read-model.ts';
import { ModelUnusable } from '../../../src/ports/read-stores.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { onEngine } from '../../support/engines.ts';
import { elasticsearchPlace, type ElasticsearchTestPlace } from './elasticsearch-place.ts';
import { startElasticsearchProxy, type ElasticsearchProxy } from './elasticsearch-proxy.ts';
import { insert, letter, remove, rowsOf, update, type Change } from './helpers.ts';
import { searchSamples } from './samples.ts';

const { definition } = searchSamples;
const entry = (id: string, text: string): AnyRow =>
  Object.assign({ id }, { text, keywords: { owner: 'anna', size: 1 } });

const first: Change = {
  from: 0,
  to: 3,
  rows: [entry('a', 'red'), entry('b', 'blue'), entry('c', 'green')].map(insert),
  park: [letter('s-1', 1), letter('s-1', 3)],
};
const small: Change = {
  from: 3,
  to: 5,
  rows: [update(entry('a', 'red'), entry('a', 'black')), remove(entry('b', 'blue')), insert(entry('d', 'white'))],
  park: [letter('s-2', 5)],
  resolve: [{ stream: 's-1', through: 1 }],
};
/** More than one document of the redo record takes. */
const large: Change = {
  ...small,
  rows: [...small.rows, ...['x', 'y', 'z'].map((id) => insert(entry(id, `${id} `.repeat(450_000))))],
};
const last: Change = {
  from: 5,
  to: 6,
  rows: [update(entry('a', 'black'), entry('a', 'grey')), insert(entry('b', 'back'))],
};

interface State {
  readonly position: number;
  readonly rows: readonly AnyRow[];
  readonly letters: readonly DeadLetter[];
}

async function stateOf(store: ModelStore<AnyRow>): Promise<State> {
  return {
    position: await store.checkpoint(),
    rows: await rowsOf(store),
    letters: await store.deadLetters(),
  };
}

onEngine('elasticsearch', (url) => {
  describe('search models on an Elasticsearch that fails', () => {
    let place: ElasticsearchTestPlace;
    let proxy: ElasticsearchProxy;

    beforeEach(async () => {
      place = elasticsearchPlace(url);
      proxy = await startElasticsearchProxy(url);
    });
    afterEach(async () => {
      proxy.heal();
      await place.remove();
      await proxy.close();
    });

    /** A version with the first change in it, and a writer of it by way of the proxy. */
    async function begin(version: number): Promise<ModelStore<AnyRow>> {
      const { store } = await place.open().create(definition, version);
      await store.apply(first);
      await store.close();
      const { store: writer } = await place.open({ url: proxy.url }).open(definition, version);
      await writer.checkpoint();
      return writer;
    }

    async function undisturbed(version: number, changes: readonly Change[]): Promise<State> {
      const { store } = await place.open().create(definition, version);
      for (const change of changes) await store.apply(change);
      return stateOf(store);
    }

    for (const [size, change] of Object.entries({ small, large })) {
      for (const moment of ['before', 'after'] as const) {
        it(`have all of a ${size} change or nothing when the writer dies ${moment} any of its requests`, async () => {
          const before = await undisturbed(100, [first]);
          const made = await undisturbed(101, [first, change]);
          const after = await undisturbed(102, [first, change, last]);
          const seen = new Set<number>();
          for (let request = 1; ; request++) {
            const writer = await begin(request);
            proxy.cutAt(request, moment);
            const failure = await writer.apply(change).then(
              () => undefined,
              (error: unknown) => error,
            );
            proxy.heal();
            await writer.close();
            if (failure !== undefined) expect(failure).toBeInstanceOf(StoreUnavailable);
            const { store } = await place.open().open(definition, request);
            const state = await stateOf(store);
            seen.add(state.position);
            expect(state).toEqual(state.position === change.to ? made : before);
            if (state.position === change.from) await store.apply(change);
            await store.apply(last);
            expect(await stateOf(store)).toEqual(after);
            await store.close();
            if (failure === undefined) break;
          }
          expect([...seen].sort()).toEqual([change.from, change.to]);
        }, 120_000);

        if (size === 'large') continue;
        it(`take a ${size} change that is tried again when a request failed ${moment} it came`, async () => {
          const after = await undisturbed(101, [first, change]);
          for (let request = 1; ; request++) {
            const writer = await begin(request);
            proxy.cutAt(request, moment);
            const failed = await writer.apply(change).then(
              () => false,
              () => true,
            );
            proxy.heal();
            if (failed) await writer.apply(change);
            expect(await stateOf(writer)).toEqual(after);
            await writer.close();
            if (!failed) break;
          }
        }, 120_000);
      }
    }

    it('are not harmed by a writer that was paused at any request while another one went on', async () => {
      for (let request = 1; ; request++) {
        const paused = await begin(request);
        const held = proxy.holdAt(request);
        const writing = paused.apply(small).then(
          () => 'made' as const,
          (error: unknown) => error,
        );
        const reached = await Promise.race([held.then(() => true), writing.then(() => false)]);
        if (!reached) {
          expect(request).toBeGreaterThan(3);
          break;
        }
        const { store } = await place.open().open(definition, request);
        if ((await store.checkpoint()) === small.from) await store.apply(small);
        await store.apply(last);
        const state = await stateOf(store);
        proxy.heal();
        const outcome = await writing;
        if (outcome !== 'made') expect(outcome).toBeInstanceOf(CheckpointMoved);
        expect(await stateOf(store)).toEqual(state);
        expect(state.rows).toEqual([entry('a', 'grey'), entry('b', 'back'), entry('c', 'green'), entry('d', 'white')]);
        await paused.close();
        await store.close();
      }
    }, 120_000);

    it('take each change of two writers at once exactly once', async () => {
      const { store } = await place.open().create(definition, 1);
      const writers = [store, (await place.open().open(definition, 1)).store];
      const made = await Promise.all(
        writers.map(async (writer, who) => {
          let count = 0;
          for (let tried = 0; tried < 15; tried++) {
            const from = await writer.checkpoint();
            try {
              await writer.apply({ from, to: from + 1, rows: [insert(entry(`${from}`, `by ${who}`))] });
              count += 1;
            } catch (error) {
              if (!(error instanceof CheckpointMoved)) throw error;
            }
          }
          return count;
        }),
      );
      const total = made.reduce((sum, count) => sum + count, 0);
      expect(await store.checkpoint()).toBe(total);
      expect(await store.count()).toBe(total);
    });

    it('refuse writes while an index is blocked, go on answering, and take the same change afterwards', async () => {
      const after = await undisturbed(2, [first, small, last]);
      const { store, reader } = await place.open().create(definition, 1);
      await store.apply(first);
      const blocked = [
        [`${place.prefix}finds_v1`, small],
        [`${place.prefix}read_checkpoints_1`, last],
      ] as const;
      for (const [index, change] of blocked) {
        const block = (value: boolean | null): Promise<unknown> =>
          place.ask('PUT', `/${index}/_settings`, { 'index.blocks.read_only_allow_delete': value });
        await block(true);
        await expect(store.apply(change)).rejects.toThrow(StoreUnavailable);
        if (reader.kind !== 'search') throw new Error('no search');
        const found = await reader.search({ words: 'green', sort: { field: 'size', direction: 'asc' }, limit: 5 });
        expect(found.map(({ id }) => id)).toEqual(['c']);
        await block(null);
        await store.apply(change);
      }
      expect(await stateOf(store)).toEqual(after);
    });

    it('answer StoreUnavailable while it is away, and work again when it is back', async () => {
      const stores = place.open({ url: proxy.url });
      const { store } = await stores.create(definition, 1);
      await store.apply(first);
      proxy.cutAt(1, 'before');
      await expect(store.checkpoint()).rejects.toThrow(StoreUnavailable);
      await expect(store.load(['a'])).rejects.toThrow(StoreUnavailable);
      await expect(stores.catalogue()).rejects.toThrow(StoreUnavailable);
      await expect(stores.versions(definition)).rejects.toThrow(StoreUnavailable);
      await expect(stores.ping()).rejects.toThrow(StoreUnavailable);
      proxy.heal();
      expect(await store.checkpoint()).toBe(3);
      expect((await stores.ping()).engine).toBe('Elasticsearch');
    });

    it('ask again while it has no memory for them, and give up when that does not end', async () => {
      const stores = place.open({ url: proxy.url });
      const { store } = await stores.create(definition, 1);
      proxy.overload(3);
      await store.apply(first);
      proxy.overload(2);
      expect(await store.checkpoint()).toBe(3);
      proxy.overload(Infinity);
      await expect(store.checkpoint()).rejects.toThrow(StoreUnavailable);
      proxy.heal();
      expect(await store.checkpoint()).toBe(3);
    });

    it('tell a version that was removed, or made anew, under the hands of its writer', async () => {
      const stores = place.open();
      const { store } = await stores.create(definition, 1);
      await store.apply(first);
      await stores.create(definition, 1);
      await expect(store.apply(small)).rejects.toThrow(ModelUnusable);
      await expect(store.load(['a'])).rejects.toThrow(ModelUnusable);
      await stores.drop(definition, 1);
      await expect(store.checkpoint()).rejects.toThrow(ModelUnusable);
    });

    it('are migrated once, by any number of processes, and refused when they are newer than the program', async () => {
      const options = { url, prefix: place.prefix };
      const planned = await planElasticsearchMigrations(options);
      expect(planned.length).toBeGreaterThan(0);
      await expect(place.open({ migrations: 'refuse' }).catalogue()).rejects.toThrow(EngineUnfit);
      await Promise.all([migrateElasticsearch(options), migrateElasticsearch(options)]);
      expect(await planElasticsearchMigrations(options)).toEqual([]);
      const names = [...planned, '9999_later'];
      await place.ask('PUT', `/${place.prefix}read_migrations/_doc/migrations`, { done: { names } });
      await expect(planElasticsearchMigrations(options)).rejects.toThrow('9999_later');
      await expect(place.open().catalogue()).rejects.toThrow(EngineUnfit);
    });

    it('tell no secrets of a URL that cannot be used', async () => {
      const stores = place.open({ url: 'nonsense://anna:sesame@nowhere' });
      await expect(stores.catalogue()).rejects.toThrow(EngineUnfit);
      await expect(stores.catalogue()).rejects.not.toThrow('sesame');
    });
  });
});
