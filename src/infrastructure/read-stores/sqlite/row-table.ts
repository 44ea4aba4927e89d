import type { DatabaseSync } from 'node:sqlite';

/** How rows of one kind of model lie in SQLite. Everything else about a model's file is the same for all kinds. */
export interface RowTable<Row> {
  /** Tables without their secondary indexes. */
  readonly tables: readonly string[];
  /** What is quicker to make when all rows are there. */
  readonly indexes: readonly string[];
  /** Statements that make the finished table quick to read; run once after bulk loading. */
  readonly tidy: readonly string[];
  prepare(db: DatabaseSync): RowStatements<Row>;
}

/** Reads and writes single rows; whoever calls holds the transaction. */
export interface RowStatements<Row> {
  load(id: string): Row | undefined;
  insert(row: Row): void;
  update(before: Row, after: Row): void;
  remove(row: Row): void;
  /** Rows with ids beyond this one, in order of their ids. */
  page(beyondId: string, limit: number): readonly Row[];
  count(): number;
}

/** A row that was to be changed is not there: whoever computed the change went by something else than this store. */
export class RowMissing extends Error {
  override readonly name = 'RowMissing';

  constructor(id: string) {
    super(`there is no row ${id} to change`);
  }
}
