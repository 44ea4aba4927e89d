import type { Position } from './event-store.ts';

/** How rows of a table look, told once for every engine. */
export interface RelationalModel {
  readonly kind: 'relational';
  readonly table: string;
  /** Column types by name; every row has `id` (text, primary key) besides. `json` is text that holds JSON. */
  readonly columns: Readonly<Record<string, 'text' | 'integer' | 'real' | 'json'>>;
  /** Each a list of columns. */
  readonly indexes: readonly (readonly string[])[];
}

/** JSON documents, found by id or by equality on a few top-level fields. */
export interface DocumentModel {
  readonly kind: 'documents';
  readonly collection: string;
  readonly indexes: readonly (readonly string[])[];
}

/** Entries found by words in `text`, narrowed and ordered by keyword fields. Chinese, Japanese and Korean included. */
export interface SearchModel {
  readonly kind: 'search';
  readonly index: string;
  /** Fields for exact filters and sorting; stored and returned. */
  readonly keywords: Readonly<Record<string, 'text' | 'integer'>>;
  /**
   * An integer keyword that is another number for each entry and never changes, by which entries are usually listed,
   * newest first. Stores make this order cheap, however many entries have the words that are searched for.
   */
  readonly ordinal?: string;
  readonly indexes: readonly (readonly string[])[];
}

export type ReadModel = RelationalModel | DocumentModel | SearchModel;

export type Cell = string | number | null;

/** A row of a relational model: `id` and the model's columns. */
export type RelationalRow = Readonly<Record<string, Cell>> & { readonly id: string };

/** A document: anything JSON, with an id. */
export type DocumentRow = { readonly id: string } & Readonly<Record<string, unknown>>;

/** A search entry: its keyword fields, and the text that is searched (null: not searchable yet). */
export type SearchRow = {
  readonly id: string;
  readonly text: string | null;
  readonly keywords: Readonly<Record<string, Cell>>;
};

/** A row of any model, to whoever carries rows without looking into them. */
export interface AnyRow {
  readonly id: string;
}

export interface DeadLetter {
  readonly stream: string;
  readonly position: Position;
  readonly type: string;
  readonly error: string;
  readonly attempts: number;
  /** RFC 3339, UTC. */
  readonly parkedAt: string;
}

/** What becomes of one row. Without `before` it is new, without `after` it is deleted; never without both. */
export interface RowChange<Row> {
  readonly id: string;
  /** The row as the store has it. */
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

export interface ModelChange<Row> {
  /** The checkpoint that this change was computed on; another one there means another writer: nothing is written. */
  readonly from: Position;
  readonly to: Position;
  /** At most one change for each row. Rows have exactly their model's fields, each with a value that fits. */
  readonly rows: readonly RowChange<Row>[];
  /** A letter with the stream and position of one that is there takes its place. */
  readonly park?: readonly DeadLetter[];
  /** Streams whose dead letters, up to and including a position, are resolved by this change. */
  readonly resolve?: readonly { readonly stream: string; readonly through: Position }[];
}

/** One version of one read model, as its projector writes it. Rows, checkpoint and dead letters change in one transaction. */
export interface ModelStore<Row> {
  /** Reads and writes are waited for and do not hold the thread, so that a change may be larger. */
  readonly isRemote?: true;
  checkpoint(): Promise<Position>;
  load(ids: readonly string[]): Promise<ReadonlyMap<string, Row>>;
  /**
   * All of the change or nothing.
   * @throws CheckpointMoved another projector wrote
   * @throws StoreUnavailable it cannot be written now; the same change may be tried again
   * @throws Error the rows are not as the change says, or one of them is not taken: nothing was written
   */
  apply(change: ModelChange<Row>): Promise<void>;
  /** In log order. */
  deadLetters(): Promise<readonly DeadLetter[]>;
  /** Every row in order of its id: what a comparison of two versions needs. */
  rows(): AsyncIterable<Row>;
  count(): Promise<number>;
  close(): Promise<void>;
}

export class CheckpointMoved extends Error {
  override readonly name = 'CheckpointMoved';
}
