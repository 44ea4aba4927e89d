import type { AnyRow, RowChange } from '../../ports/read-model.ts';

/** In units of `weigh`, about a byte each. A model's rows in memory stay below twice this. */
const MOST_WEIGHT = 2 * 1024 * 1024;
const HEAVIEST_ROW = 128 * 1024;

/** The rows written last, as the store has them. Right because a model has one writer; cleared when it turns out to have two. */
export interface RowCache {
  get(id: string): AnyRow | undefined;
  take(changes: readonly RowChange<AnyRow>[]): void;
  clear(): void;
}

/**
 * Two generations stand in for an exact order of use, at a fraction of its price: when the young one is full it becomes
 * the old one, and what was not written meanwhile is forgotten.
 */
export function createRowCache(): RowCache {
  let young = new Map<string, AnyRow>();
  let old = new Map<string, AnyRow>();
  let weight = 0;

  function put({ id, after }: RowChange<AnyRow>): void {
    const heavy = after === undefined ? Infinity : weigh(after, HEAVIEST_ROW);
    if (after === undefined || heavy > HEAVIEST_ROW) {
      old.delete(id);
      young.delete(id);
      return;
    }
    // What the old generation has under this id is hidden from now on, and forgotten with the rest of it.
    young.set(id, after);
    weight += heavy;
    if (weight < MOST_WEIGHT) return;
    old = young;
    young = new Map();
    weight = 0;
  }

  return {
    get: (id) => young.get(id) ?? old.get(id),
    take: (changes) => changes.forEach(put),
    clear() {
      young = new Map();
      old = new Map();
      weight = 0;
    },
  };
}

/** About the bytes of a value; stops counting beyond `most`, and then answers more than that. */
function weigh(value: unknown, most: number): number {
  if (typeof value === 'string') return 16 + value.length;
  if (typeof value !== 'object' || value === null) return 16;
  let weight = 32;
  for (const name in value) {
    weight += 8 + weigh((value as Readonly<Record<string, unknown>>)[name], most - weight);
    if (weight > most) break;
  }
  return weight;
}
