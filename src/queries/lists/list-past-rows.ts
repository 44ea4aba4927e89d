import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type RawBuilder } from 'kysely';
import type { Position } from '../../ports/event-store.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { encodeCursor, type CursorValues } from '../paging/cursor.ts';
import { pageLimit } from '../paging/page.ts';
import { parseSort, type SortTerm } from '../paging/sort.ts';
import { reachPosition, resolveAsOf } from '../time-travel/as-of.ts';
import { foldRow } from '../time-travel/fold.ts';
import type { RowFilter } from './filter.ts';
import { beyond, comparePlaces, orderBy, placeIn, placeOf } from './keyset.ts';
import type { ListRequest, RowPage } from './request.ts';
import { selectRows, type ListedRow, type ListModel } from './model.ts';

/** Streams folded for one page. A page that comes to it ends early; its cursor goes on. */
const mostFolds = 500;

/** Streams folded before others have their turn: a few milliseconds. */
const foldsInOneTurn = 50;

/** Rows looked at for one page. */
const mostCandidates = 5_000;
const candidatesAtOnce = 200;

/** As many rows may be sorted by what they were; more can only be walked in the order they came to be. */
const mostSorted = 2_000;

/**
 * A page of rows as they were after a position. The read model tells which rows there were; those that have changed
 * since are folded from their streams, and filters look at what they were.
 */
export async function listPastRows<Row extends ListedRow>(
  deps: QueryDeps,
  model: ListModel<Row>,
  request: ListRequest & { readonly asOf: string | number },
  filters: readonly RowFilter<Row>[],
): Promise<RowPage<Row>> {
  const limit = pageLimit(request.limit);
  const sort = request.sort ?? model.defaultSort;
  const terms = parseSort(model.sortFields, sort);
  const list = `${model.projection.name} ${sort} as of ${request.asOf}`;

  let place: CursorValues | undefined;
  let position: Position;
  if (request.cursor === undefined) {
    position = await resolveAsOf(deps, request.asOf);
  } else {
    // A time is resolved once for all pages.
    const values = placeIn(list, request.cursor, terms, 1);
    place = values.slice(0, -1);
    position = await resolveAsOf(deps, values.at(-1) ?? request.asOf);
  }
  await reachPosition(deps, model.projection.name, position);

  const past: Past<Row> = { deps, model, position, filters, folds: 0 };
  const cursorAt = (end: CursorValues) => encodeCursor(list, [...end, position]);
  const cursorAfter = (row: Row) => cursorAt(placeOf(row, terms));
  const isWalk = terms[0]?.column === model.bornColumn;
  const { rows, end } = isWalk
    ? await walk(past, { terms, place, limit })
    : await sorted(past, { terms, place, limit });
  return { rows, nextCursor: end ? cursorAt(end) : null, cursorAfter };
}

interface Past<Row extends ListedRow> {
  readonly deps: QueryDeps;
  readonly model: ListModel<Row>;
  readonly position: Position;
  readonly filters: readonly RowFilter<Row>[];
  folds: number;
}

interface Wanted {
  readonly terms: readonly SortTerm[];
  readonly place: CursorValues | undefined;
  readonly limit: number;
}

/** Rows, and where the page ended when there may be more. */
interface Walked<Row> {
  readonly rows: readonly Row[];
  readonly end: CursorValues | undefined;
}

/** In the order in which rows came to be: read some, fold them, go on until the page is full. */
async function walk<Row extends ListedRow>(past: Past<Row>, { terms, place, limit }: Wanted): Promise<Walked<Row>> {
  const rows: Row[] = [];
  let end = place;
  for (let considered = 0; considered < mostCandidates;) {
    const conditions = [...candidates(past), ...(end ? [beyond(terms, end)] : [])];
    const wanted = { conditions, order: orderBy(terms), limit: candidatesAtOnce };
    const found = await selectRows(past.deps, past.model, wanted);
    for (const candidate of found) {
      if (past.folds >= mostFolds) return { rows, end };
      const row = await asItWas(past, candidate);
      if (row && rows.length === limit) return { rows, end };
      end = placeOf(candidate, terms);
      if (row) rows.push(row);
    }
    if (found.length < candidatesAtOnce) return { rows, end: undefined };
    considered += found.length;
  }
  return { rows, end };
}

/** In an order that changes with the rows: all of them are needed to know which come first. */
async function sorted<Row extends ListedRow>(past: Past<Row>, { terms, place, limit }: Wanted): Promise<Walked<Row>> {
  const { deps, model } = past;
  const order = sql.ref(model.bornColumn);
  const found = await selectRows(deps, model, { conditions: candidates(past), order, limit: mostSorted + 1 });
  if (found.length > mostSorted) throw tooMany(model);
  const rows: Row[] = [];
  for (const candidate of found) {
    const row = await asItWas(past, candidate);
    if (row) rows.push(row);
  }
  const placed = rows
    .map((row) => ({ row, at: placeOf(row, terms) }))
    .filter(({ at }) => !place || comparePlaces(terms, at, place) > 0)
    .sort((a, b) => comparePlaces(terms, a.at, b.at));
  const page = placed.slice(0, limit);
  return { rows: page.map(({ row }) => row), end: placed.length > limit ? page.at(-1)?.at : undefined };
}

/** Rows that were there, and that fit the filters as far as the present tells. */
function candidates<Row extends ListedRow>({ model, position, filters }: Past<Row>): RawBuilder<unknown>[] {
  return [
    sql`${sql.ref(model.bornColumn)} <= ${position}`,
    ...filters.map(({ where, fixed }) => (fixed ? where : sql`(${sql.ref('position')} > ${position} or ${where})`)),
  ];
}

/** The row as it was; undefined when it was not what the filters ask for. */
async function asItWas<Row extends ListedRow>(past: Past<Row>, candidate: Row): Promise<Row | undefined> {
  const { deps, model, position, filters } = past;
  let row: Row | undefined = candidate;
  if (candidate.position > position) {
    // Streams may all be in memory, and nobody else be served meanwhile.
    if (++past.folds % foldsInOneTurn === 0) await nextTurn();
    const whole = await foldRow(deps.store, model.projection, `${model.category}-${candidate.id}`, { position });
    row = whole && model.trim ? model.trim(whole) : whole;
  }
  return row && filters.every(({ matches }) => matches(row)) ? row : undefined;
}

function tooMany<Row extends ListedRow>({ sortFields, bornColumn }: ListModel<Row>) {
  const fields = Object.keys(sortFields).filter((name) => sortFields[name]?.column === bornColumn);
  const detail = `must be ${fields.join(' or ')} for a list of more than ${mostSorted} rows as of the past`;
  return invalid('invalid_sort', '/sort', detail);
}
