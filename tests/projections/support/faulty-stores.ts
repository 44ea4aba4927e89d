import type { AnyRow, ModelChange, ModelStore } from '../../../src/ports/read-model.ts';
import type { OpenModel, ReadStores } from '../../../src/ports/read-stores.ts';

/** Called before every step that a store takes; throws to make it fail. Closing is no step: the dead close nothing. */
export type BeforeStep = (step: string, change?: ModelChange<AnyRow>) => void;

/** Real stores, each step of which may be made to fail. */
export function faultyStores(stores: ReadStores, before: BeforeStep): ReadStores {
  const open = ({ store, reader }: OpenModel): OpenModel => ({ store: faultyStore(store, before), reader });
  return {
    async catalogue() {
      before('catalogue');
      return stores.catalogue();
    },
    async publish(entries) {
      before('publish');
      return stores.publish(entries);
    },
    async versions(definition) {
      before('versions');
      return stores.versions(definition);
    },
    async create(definition, version) {
      before('create');
      return open(await stores.create(definition, version));
    },
    async open(definition, version) {
      before('open');
      return open(await stores.open(definition, version));
    },
    async build(definition, version) {
      before('build');
      const build = await stores.build(definition, version);
      return {
        store: faultyStore(build.store, before),
        async finish() {
          before('finish');
          return build.finish();
        },
      };
    },
    async drop(definition, version) {
      before('drop');
      return stores.drop(definition, version);
    },
  };
}

function faultyStore(store: ModelStore<AnyRow>, before: BeforeStep): ModelStore<AnyRow> {
  return {
    async checkpoint() {
      before('checkpoint');
      return store.checkpoint();
    },
    async load(ids) {
      before('load');
      return store.load(ids);
    },
    async apply(change) {
      before('apply', change);
      return store.apply(change);
    },
    async deadLetters() {
      before('deadLetters');
      return store.deadLetters();
    },
    rows: () => store.rows(),
    count: () => store.count(),
    close: () => store.close(),
  };
}

export class Crashed extends Error {
  override readonly name = 'Crashed';
}

/** Fails the step of this number, counted from 0, and every step after it: what a killed process leaves undone. */
export function crashAt(step: number): { readonly before: BeforeStep; readonly crashed: () => string | undefined } {
  let taken = 0;
  let crashedAt: string | undefined;
  return {
    before(name) {
      if (taken++ < step) return;
      crashedAt ??= name;
      throw new Crashed(`killed before ${name}`);
    },
    crashed: () => crashedAt,
  };
}
