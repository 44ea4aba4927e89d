import { LRUCache } from 'lru-cache';
import type { AnyRow, RowChange } from '../../ports/read-model.ts';

const MOST_ROWS = 4_000;

/** In units of `weigh`, about a byte each; a model's rows in memory stay below this. */
const MOST_WEIGHT = 4 * 1024 * 1024;
const HEAVIEST_ROW = 128 * 1024;

/** The rows written last, as the store has them. Right because a model has one writer; cleared when it turns out to have two. */
export interface RowCache {
  get(id: string): AnyRow | undefined;
  take(changes: readonly RowChange<AnyRow>[]): void;
  clear(): void;
}

export function createRowCache(): RowCache {
  const rows = new LRUCache<string, AnyRow>({ max: MOST_ROWS, maxSize: MOST_WEIGHT, maxEntrySize: HEAVIEST_ROW });
  return {
    get: (id) => rows.get(id),
    take(changes) {
      for (const { id, after } of changes) {
        if (after === undefined) rows.delete(id);
        else rows.set(id, after, { size: weigh(after, HEAVIEST_ROW) });
      }
    },
    clear: () => rows.clear(),
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
