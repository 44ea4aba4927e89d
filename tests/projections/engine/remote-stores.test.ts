import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReadStores } from '../../../src/ports/read-stores.ts';
import { createBatchSize } from '../../../src/projections/engine/advance.ts';
import { added, record } from '../support/facts.ts';
import { createWorld, type World } from '../support/world.ts';

/** Stores whose model of a name is waited for: its changes are written when `release` is called, and not before. */
function slowFor(name: string, stores: ReadStores): { readonly stores: ReadStores; readonly release: () => void } {
  const { promise: released, resolve } = Promise.withResolvers<undefined>();
  return {
    release: () => resolve(undefined),
    stores: {
      ...stores,
      async create(definition, version) {
        const { store, reader } = await stores.create(definition, version);
        if (definition.name !== name) return { store, reader };
        return {
          reader,
          store: {
            ...store,
            isRemote: true,
            async apply(change) {
              await released;
              return store.apply(change);
            },
          },
        };
      },
    },
  };
}

describe('a store that is waited for', () => {
  let world: World;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => world.dispose());

  it('holds up no other model while it does not answer, and misses nothing', async () => {
    const { stores, release } = slowFor('tallies', world.stores);
    const { models } = await world.start({ stores });
    try {
      await record(world.store, [added('a', 1)]);
      const position = await record(world.store, [added('a', 2), added('b', 3)]);
      expect(await models.waitFor('papers', position, 5_000)).toBe(position);
      expect(models.position('tallies')).toBeLessThan(position);
      release();
      expect(await models.waitFor('tallies', position, 5_000)).toBe(position);
    } finally {
      release();
    }
  });

  it('is given more at once than one that holds the thread', () => {
    const sizeOf = (isRemote: boolean): number => {
      const batch = createBatchSize(isRemote ? { isRemote } : {});
      for (let n = 0; n < 10; n++) batch.learn(batch.size, 1);
      return batch.size;
    };
    expect([sizeOf(false), sizeOf(true)]).toEqual([512, 2_000]);
  });

  it.each([
    { isRemote: false, ms: 9 },
    { isRemote: true, ms: 501 },
  ])('is given less after what took long (remote: $isRemote)', ({ isRemote, ms }) => {
    const batch = createBatchSize(isRemote ? { isRemote } : {});
    const { size } = batch;
    batch.learn(size, ms - 1);
    expect(batch.size).toBe(size);
    batch.learn(size, ms);
    expect(batch.size).toBe(size / 2);
  });
});
