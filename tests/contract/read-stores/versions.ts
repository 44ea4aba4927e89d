import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelDefinition, ReadStores } from '../../../src/ports/read-stores.ts';
import { ModelUnusable } from '../../../src/ports/read-stores.ts';
import { insert, rowsOf, write } from './helpers.ts';
import type { MakePlace, Place } from './suite.ts';
import { documentSamples, relationalSamples, searchSamples } from './samples.ts';

export function versionsContract(makePlace: MakePlace, definition: ModelDefinition): void {
  const samples = [relationalSamples, documentSamples, searchSamples].find(
    ({ definition: { model } }) => model.kind === definition.model.kind,
  );
  if (samples === undefined) throw new Error('no samples');

  describe('the versions of a model', () => {
    let place: Place;
    let stores: ReadStores;

    beforeEach(async () => {
      place = await makePlace();
      stores = place.open();
    });
    afterEach(() => place.remove());

    it('are none at first', async () => {
      expect(await stores.versions(definition)).toEqual([]);
      await expect(stores.open(definition, 1)).rejects.toThrow(ModelUnusable);
    });

    it('stand beside each other, and one is dropped without the others', async () => {
      const [first, second] = [await stores.create(definition, 2), await stores.create(definition, 10)];
      await write(first.store, [samples.row('in 2')]);
      await write(second.store, [samples.row('in 10')]);
      expect(await place.open().versions(definition)).toEqual([2, 10]);
      expect(await rowsOf(first.store)).toEqual([samples.row('in 2')]);
      await first.store.close();
      await stores.drop(definition, 2);
      expect(await stores.versions(definition)).toEqual([10]);
      expect(await rowsOf(second.store)).toEqual([samples.row('in 10')]);
      await second.store.close();
    });

    it('are not mixed up with those of a model whose name begins the same', async () => {
      const other = { ...definition, name: `${definition.name}.v1` };
      const { store } = await stores.create(other, 1);
      await store.close();
      expect(await stores.versions(definition)).toEqual([]);
      expect(await stores.versions(other)).toEqual([1]);
    });

    it('are dropped twice without complaint', async () => {
      await stores.drop(definition, 7);
      await stores.drop(definition, 7);
      expect(await stores.versions(definition)).toEqual([]);
    });

    it('are the same whether they were built in bulk or written one by one', async () => {
      const live = await stores.create(definition, 1);
      for (const row of samples.rows) await write(live.store, [row]);
      const build = await stores.build(definition, 2);
      await build.store.apply({ from: 0, to: samples.rows.length, rows: samples.rows.map(insert) });
      await build.finish();
      const built = await stores.open(definition, 2);
      expect(await rowsOf(built.store)).toEqual(await rowsOf(live.store));
      expect(await built.store.checkpoint()).toBe(await live.store.checkpoint());
      await live.store.close();
      await built.store.close();
    });

    it('cannot be opened before they are finished', async () => {
      const build = await stores.build(definition, 1);
      await write(build.store, samples.rows);
      await build.store.close();
      expect(await stores.versions(definition)).toEqual([1]);
      await expect(place.open().open(definition, 1)).rejects.toThrow(ModelUnusable);
    });

    it('are built anew over what an earlier attempt left', async () => {
      const left = await stores.build(definition, 1);
      await write(left.store, [samples.row('left')]);
      await left.store.close();
      const build = await stores.build(definition, 1);
      expect(await build.store.checkpoint()).toBe(0);
      await write(build.store, [samples.row('new')]);
      await build.finish();
      const { store } = await stores.open(definition, 1);
      expect(await rowsOf(store)).toEqual([samples.row('new')]);
      await store.close();
    });
  });
}
