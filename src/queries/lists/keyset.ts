import { sql, type RawBuilder } from 'kysely';
import type { Cell } from '../../ports/read-model.ts';
import { decodeCursor, type CursorValues } from '../paging/cursor.ts';
import { compareValues, type SortTerm } from '../paging/sort.ts';
import { invalid } from '../invalid.ts';

type CellRow = Readonly<Record<string, Cell>>;

/** The values that place a row in an order. */
export function placeOf(row: CellRow, terms: readonly SortTerm[]): CursorValues {
  return terms.map(({ column }) => {
    const value = row[column];
    if (value === undefined || value === null) throw new Error(`rows cannot be placed by ${column}: it is absent`);
    return value;
  });
}

/** The place that a cursor tells, checked against the order's columns. @throws DomainError `invalid_cursor` */
export function placeIn(list: string, cursor: string, terms: readonly SortTerm[], besides = 0): CursorValues {
  const values = decodeCursor(list, cursor, terms.length + besides);
  const fits = terms.every(({ type }, index) => typeof values[index] === (type === 'text' ? 'string' : 'number'));
  if (!fits) throw invalid('invalid_cursor', '/cursor', 'must be the nextCursor of a page before, unchanged');
  return values;
}

/** Rows strictly beyond a place: the first column differs, or it is equal and the second differs, and so on. */
export function beyond(terms: readonly SortTerm[], place: CursorValues): RawBuilder<unknown> {
  const steps = terms.map((term, index) => {
    const equal = terms.slice(0, index).map(({ column }, before) => sql`${sql.ref(column)} = ${place[before]}`);
    return sql`(${sql.join([...equal, strictly(term, place[index])], sql` and `)})`;
  });
  const [first] = terms;
  if (!first || steps.length === 1) return sql.join(steps);
  // Implied by the steps; an index on the first column can only be entered by a bound of its own.
  const bound = first.direction === 'asc' ? sql`>=` : sql`<=`;
  return sql`${sql.ref(first.column)} ${bound} ${place[0]} and (${sql.join(steps, sql` or `)})`;
}

export function orderBy(terms: readonly SortTerm[]): RawBuilder<unknown> {
  return sql.join(
    terms.map(({ column, direction }) => sql`${sql.ref(column)} ${direction === 'asc' ? sql`asc` : sql`desc`}`),
  );
}

/** How two places stand to each other in the order: negative when `a` comes first. */
export function comparePlaces(terms: readonly SortTerm[], a: CursorValues, b: CursorValues): number {
  for (const [index, { direction }] of terms.entries()) {
    const [x, y] = [a[index], b[index]];
    const order = x === undefined || y === undefined ? 0 : compareValues(x, y);
    if (order !== 0) return direction === 'asc' ? order : -order;
  }
  return 0;
}

function strictly({ column, direction }: SortTerm, value: Cell | undefined): RawBuilder<unknown> {
  return sql`${sql.ref(column)} ${direction === 'asc' ? sql`>` : sql`<`} ${value}`;
}
