import type { CatalogueEntry, ModelDefinition, ReadStores } from '../../ports/read-stores.ts';

/** Where each kind of read model lives. One place may hold several kinds. */
export interface StoresByKind {
  readonly relational: ReadStores;
  readonly documents: ReadStores;
  readonly search: ReadStores;
}

/**
 * Read stores that keep each kind of model in a place of its own. Entries of the catalogue are published place by
 * place: all at once in each of them, which is as far as models depend on each other.
 * @param kindOf the kind of a model, by its name
 */
export function openStoresByKind(
  stores: StoresByKind,
  kindOf: (name: string) => ModelDefinition['model']['kind'],
): ReadStores {
  const at = ({ model }: ModelDefinition): ReadStores => stores[model.kind];
  const { relational, documents, search } = stores;
  const places = [...new Set([relational, documents, search])];
  return {
    async catalogue() {
      const parts = await Promise.all(places.map(async (place) => [place, await place.catalogue()] as const));
      // What a place still says of a model that has moved elsewhere does not count.
      return new Map(
        parts.flatMap(([place, entries]) => [...entries].filter(([name]) => stores[kindOf(name)] === place)),
      );
    },
    async publish(entries) {
      const parts = new Map<ReadStores, Map<string, CatalogueEntry>>();
      for (const [name, entry] of entries) {
        const place = stores[kindOf(name)];
        parts.set(place, (parts.get(place) ?? new Map<string, CatalogueEntry>()).set(name, entry));
      }
      await Promise.all([...parts].map(([place, part]) => place.publish(part)));
    },
    versions: (definition) => at(definition).versions(definition),
    create: (definition, version) => at(definition).create(definition, version),
    open: (definition, version) => at(definition).open(definition, version),
    build: (definition, version) => at(definition).build(definition, version),
    drop: (definition, version) => at(definition).drop(definition, version),
  };
}
