import type { QueryDeps } from '../deps.ts';
import { encodeCursor } from '../paging/cursor.ts';
import { pageLimit } from '../paging/page.ts';
import { parseSort } from '../paging/sort.ts';
import type { RowFilter } from './filter.ts';
import { beyond, orderBy, placeIn, placeOf } from './keyset.ts';
import { listPastRows } from './list-past-rows.ts';
import { selectRows, type ListedRow, type ListModel } from './model.ts';
import type { ListRequest, RowPage } from './request.ts';

/** Statements for one page: only filters that the store cannot apply exactly make it more than one. */
const mostReads = 20;

/**
 * A page of rows, now or as of a moment. Pages are cut by what rows are sorted by and not by how many came before, so
 * that a row which does not change meanwhile is on exactly one page.
 * @throws DomainError `invalid_limit`, `invalid_sort`, `invalid_cursor`, `invalid_as_of`, `as_of_in_future`
 */
export async function listRows<Row extends ListedRow>(
  deps: QueryDeps,
  model: ListModel<Row>,
  request: ListRequest,
  filters: readonly RowFilter<Row>[],
): Promise<RowPage<Row>> {
  const { asOf } = request;
  if (asOf !== undefined) return listPastRows(deps, model, { ...request, asOf }, filters);

  const limit = pageLimit(request.limit);
  const sort = request.sort ?? model.defaultSort;
  const terms = parseSort(model.sortFields, sort);
  const list = `${model.projection.name} ${sort}`;
  const cursorAfter = (row: Row) => encodeCursor(list, placeOf(row, terms));

  let place = request.cursor === undefined ? undefined : placeIn(list, request.cursor, terms);
  const rows: Row[] = [];
  for (let read = 0; read < mostReads; read++) {
    const conditions = filters.map(({ where }) => where);
    if (place) conditions.push(beyond(terms, place));
    const found = await selectRows(deps, model, { conditions, order: orderBy(terms), limit: limit + 1 });
    for (const row of found) {
      if (!filters.every(({ matches }) => matches(row))) continue;
      if (rows.length === limit) return { rows, nextCursor: lastCursor(rows, cursorAfter), cursorAfter };
      rows.push(row);
    }
    const last = found.at(-1);
    if (!last || found.length <= limit) return { rows, nextCursor: null, cursorAfter };
    place = placeOf(last, terms);
  }
  return { rows, nextCursor: place ? encodeCursor(list, place) : null, cursorAfter };
}

function lastCursor<Row>(rows: readonly Row[], cursorAfter: (row: Row) => string): string | null {
  const last = rows.at(-1);
  return last ? cursorAfter(last) : null;
}
