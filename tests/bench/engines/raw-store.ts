/** A store's server without the product between: what it can do by itself, and what has to be removed there. */
export interface RawStore {
  /**
   * Writes all rows of a table, collection or index anew, beside it, with the same indexes: as the store's own client
   * loads rows in bulk, each lot durable before the next.
   */
  bulk(source: string): Promise<BulkFigures>;
  /** Removes everything whose name begins with the prefix. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

export interface BulkFigures {
  readonly rows: number;
  readonly ms: number;
}

/** Rows that are sent together. */
const LOT = 1_000;

export function lotsOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / LOT) }, (_, lot) => items.slice(lot * LOT, (lot + 1) * LOT));
}
