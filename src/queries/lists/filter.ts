import { sql, type RawBuilder } from 'kysely';
import type { Cell } from '../../ports/read-model.ts';
import { isWithin, type Bounds } from '../time-travel/interval.ts';

/** A condition on rows, told twice: to the store, and as what it means for a row that was folded from the log. */
export interface RowFilter<Row> {
  readonly where: RawBuilder<unknown>;
  readonly matches: (row: Row) => boolean;
  /** What it looks at never changes in the life of a row, so that it holds for the past as for the present. */
  readonly fixed: boolean;
}

type Column<Row> = keyof Row & string;

/** The column has this value; no filter at all when the value is absent. */
export function equals<Row extends Readonly<Record<string, Cell>>>(
  column: Column<Row>,
  value: string | number | undefined,
  { fixed = false }: { readonly fixed?: boolean } = {},
): readonly RowFilter<Row>[] {
  if (value === undefined) return [];
  return [{ where: sql`${sql.ref(column)} = ${value}`, matches: (row) => row[column] === value, fixed }];
}

/** The column is null, or is not. */
export function isAbsent<Row extends Readonly<Record<string, Cell>>>(
  column: Column<Row>,
  absent: boolean | undefined,
): readonly RowFilter<Row>[] {
  if (absent === undefined) return [];
  const where = absent ? sql`${sql.ref(column)} is null` : sql`${sql.ref(column)} is not null`;
  return [{ where, matches: (row) => (row[column] === null) === absent, fixed: false }];
}

/** The column holds a JSON array of strings with all of these in it. */
export function includesAll<Row extends Readonly<Record<string, Cell>>>(
  column: Column<Row>,
  members: readonly string[] | undefined,
): readonly RowFilter<Row>[] {
  return (members ?? []).map((member) => ({
    // Every engine can look for a text in a text. It may find too much (a tag that ends like another one and holds a
    // quote), never too little, and `matches` decides.
    where: sql`instr(${sql.ref(column)}, ${JSON.stringify(member)}) > 0`,
    matches: (row) => {
      const array: unknown = JSON.parse(String(row[column]));
      return Array.isArray(array) && array.includes(member);
    },
    fixed: false,
  }));
}

/** The row's time lies within the bounds. Both columns are of one event, and never change. */
export function within<Row extends Readonly<Record<string, Cell>>>(
  columns: { readonly time: Column<Row>; readonly position: Column<Row> },
  bounds: Bounds,
): readonly RowFilter<Row>[] {
  const { from, to, after, through } = bounds;
  const [time, position] = [sql.ref(columns.time), sql.ref(columns.position)];
  const wheres = [
    ...(from === undefined ? [] : [sql`${time} >= ${from}`, sql`${position} > ${after}`]),
    ...(to === undefined ? [] : [sql`${time} <= ${to}`, sql`${position} <= ${through}`]),
  ];
  if (wheres.length === 0) return [];
  const where = sql.join(wheres, sql` and `);
  return [{ where, matches: (row) => isWithin(String(row[columns.time]), bounds), fixed: true }];
}
