import type { Cell, SearchModel } from '../../../ports/read-model.ts';
import type { SearchQuery } from '../../../ports/read-models.ts';
import { identifier } from './identifier.ts';

/** A condition and what stands for its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Cell[];
}

/** Values of a list that are worth a query each, so that each reads an index in its order. */
const MOST_BRANCHES = 16;

/** The conditions of a query on keyword fields, in ways that indexes can serve. */
export interface SearchPlan {
  /** Field and id, in the direction asked for. */
  readonly order: string;
  /** What stands beyond the last page, in parts that follow each other in the order asked for. */
  parts(sortColumn: string): readonly Condition[];
  /** Conditions of which each entry that is wanted fulfils exactly one; several when a list can be taken apart. */
  readonly branches: readonly Condition[];
  /** The same as all branches together. */
  readonly filter: Condition;
  /** Whether an index on the filter's fields makes it cheap to enumerate. */
  readonly indexed: boolean;
}

/** @throws TypeError for a field that the model does not have */
export function planSearch(model: SearchModel, query: SearchQuery): SearchPlan {
  const column = (field: string): string => {
    if (field !== 'id' && model.keywords[field] === undefined)
      throw new TypeError(`${model.index} has no keyword ${field}`);
    return identifier(field);
  };
  const { field, direction } = query.sort;
  const unique = field === model.ordinal;
  const equals = Object.entries(query.equals ?? {});
  const leading = new Set(model.indexes.flatMap((index) => index.slice(0, 1)));
  const branching = equals.find(
    ([name, wanted]) => isList(wanted) && wanted.length > 1 && wanted.length <= MOST_BRANCHES && leading.has(name),
  );
  const rest = [
    ...equals.filter((each) => each !== branching).map(([name, wanted]) => equality(column(name), wanted)),
    ...Object.entries(query.range ?? {}).flatMap(([name, range]) => ranges(column(name), range)),
  ];
  const [name, wanted] = branching ?? ['', null];
  const values = isList(wanted) ? [...new Set(wanted)] : [];
  return {
    order: unique ? `${column(field)} ${direction}` : `${column(field)} ${direction}, id ${direction}`,
    parts: (sortColumn) => (unique ? [beyondOrdinal(query, sortColumn)] : partsBeyond(query, sortColumn)),
    branches:
      branching === undefined ? [all(rest)] : values.map((value) => all([equality(column(name), value), ...rest])),
    filter: branching === undefined ? all(rest) : all([equality(column(name), values), ...rest]),
    indexed: equals.some(([each]) => leading.has(each)),
  };
}

/** All of the conditions. */
export function all(conditions: readonly Condition[]): Condition {
  const real = conditions.filter(({ sql }) => sql !== '');
  return { sql: real.map(({ sql }) => sql).join(' AND '), values: real.flatMap(({ values }) => values) };
}

/** ` WHERE …`, or nothing when there is no condition. */
export function where({ sql }: Condition): string {
  return sql === '' ? '' : ` WHERE ${sql}`;
}

function equality(column: string, wanted: Cell | readonly Cell[]): Condition {
  if (!isList(wanted)) return { sql: `${column} IS ?`, values: [wanted] };
  const values = wanted.filter((value) => value !== null);
  const among = `${column} IN (SELECT value FROM json_each(?))`;
  const sql = values.length === wanted.length ? among : `(${among} OR ${column} IS NULL)`;
  return { sql, values: [JSON.stringify(values)] };
}

function ranges(column: string, { from, to }: { readonly from?: Cell; readonly to?: Cell }): readonly Condition[] {
  return [
    ...(from === undefined ? [] : [{ sql: `${column} >= ?`, values: [from] }]),
    ...(to === undefined ? [] : [{ sql: `${column} <= ?`, values: [to] }]),
  ];
}

function beyondOrdinal({ sort, beyond }: SearchQuery, ordinal: string): Condition {
  if (beyond === undefined) return { sql: '', values: [] };
  return { sql: `${ordinal} ${sort.direction === 'asc' ? '>' : '<'} ?`, values: [beyond.value] };
}

/** Nulls come first in ascending order, as SQLite has it. */
function partsBeyond({ sort, beyond }: SearchQuery, field: string): readonly Condition[] {
  if (beyond === undefined) return [{ sql: '', values: [] }];
  const after = sort.direction === 'asc' ? '>' : '<';
  const nullsBeyond: Condition = { sql: `${field} IS NULL AND id ${after} ?`, values: [beyond.id] };
  if (beyond.value === null) {
    return sort.direction === 'desc' ? [nullsBeyond] : [nullsBeyond, { sql: `${field} IS NOT NULL`, values: [] }];
  }
  const others: Condition = { sql: `(${field}, id) ${after} (?, ?)`, values: [beyond.value, beyond.id] };
  return sort.direction === 'asc' ? [others] : [others, { sql: `${field} IS NULL`, values: [] }];
}

function isList(value: Cell | readonly Cell[]): value is readonly Cell[] {
  return Array.isArray(value);
}
