import { describe } from 'vitest';
import type { ReadStores } from '../../../src/ports/read-stores.ts';
import { catalogueContract } from './catalogue.ts';
import { documentsContract } from './documents.ts';
import { modelStoreContract } from './model-store.ts';
import { relationalContract } from './relational.ts';
import { ordinalContract } from './ordinal.ts';
import { documentSamples, ordinalSamples, relationalSamples, searchSamples } from './samples.ts';
import { searchContract } from './search.ts';
import { versionsContract } from './versions.ts';

/** A place of its own for each test, and ways into it. */
export interface Place {
  /** Opens the place, again and again if need be, as other threads and later starts do. */
  open(): ReadStores;
  /** Closes what the test left open and removes the place. */
  remove(): Promise<void>;
}

export type MakePlace = () => Promise<Place>;

/**
 * What the engine and the queries rely on. An adapter that holds one kind of model names that kind; the engine does
 * not care where a kind lives.
 */
export function readStoresContract(
  adapter: string,
  makePlace: MakePlace,
  kinds: readonly ('relational' | 'documents' | 'search')[] = ['relational', 'documents', 'search'],
): void {
  describe(`read stores: ${adapter}`, () => {
    if (kinds.includes('relational')) {
      modelStoreContract('relational', makePlace, relationalSamples);
      relationalContract(makePlace);
    }
    if (kinds.includes('documents')) {
      modelStoreContract('documents', makePlace, documentSamples);
      documentsContract(makePlace);
    }
    if (kinds.includes('search')) {
      modelStoreContract('search', makePlace, searchSamples);
      modelStoreContract('ordered search', makePlace, ordinalSamples);
      searchContract(makePlace);
      ordinalContract(makePlace);
    }
    const [first] = { relational: [relationalSamples], documents: [documentSamples], search: [searchSamples] }[
      kinds[0] ?? 'relational'
    ];
    if (first !== undefined) {
      versionsContract(makePlace, first.definition);
      catalogueContract(makePlace);
    }
  });
}
