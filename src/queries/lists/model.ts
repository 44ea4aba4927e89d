import { sql, type RawBuilder } from 'kysely';
import type { StreamRow } from '../../projections/folding/stream-row.ts';
import type { Projection } from '../../projections/projection.ts';
import type { Cell } from '../../ports/read-model.ts';
import type { QueryDeps } from '../deps.ts';
import type { SortFields } from '../paging/sort.ts';

/** A row that follows one stream, in cells. */
export type ListedRow = StreamRow & Readonly<Record<string, Cell>>;

/** A relational read model as lists walk through it. */
export interface ListModel<Row extends ListedRow> {
  /** Its name is its table's, too. */
  readonly projection: Projection<Row>;
  /** Rows follow streams `<category>-<id>`. */
  readonly category: string;
  readonly sortFields: SortFields;
  readonly defaultSort: string;
  /** The column with the position of the row's first event: it never changes, so that any past can be walked by it. */
  readonly bornColumn: keyof Row & string;
  /** What a list reads of a row; absent: all of it. */
  readonly columns?: RawBuilder<unknown>;
  /** Makes of a whole row what `columns` would have read. */
  readonly trim?: (row: Row) => Row;
}

export interface RowsWanted {
  readonly conditions: readonly RawBuilder<unknown>[];
  readonly order: RawBuilder<unknown>;
  readonly limit: number;
}

/** Rows of the live model. */
export async function selectRows<Row extends ListedRow>(
  deps: QueryDeps,
  { projection, columns }: Pick<ListModel<Row>, 'projection' | 'columns'>,
  { conditions, order, limit }: RowsWanted,
): Promise<readonly Row[]> {
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  const query = sql<Row>`select ${columns ?? sql`*`} from ${sql.table(projection.name)} ${where} order by ${order} limit ${limit}`;
  return (await query.execute(deps.models.relational(projection.name))).rows;
}
