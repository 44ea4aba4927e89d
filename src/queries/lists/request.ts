import type { Paging } from '../paging/page.ts';

/** Which page of which rows, as of when. */
export interface ListRequest extends Paging {
  readonly asOf?: string | number;
}

export interface RowPage<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
  /** The cursor of the page after one that ends with this row. */
  readonly cursorAfter: (row: Row) => string;
}
