import { sql } from 'kysely';
import type { SearchHit } from '../../ports/read-models.ts';
import { executionSearch } from '../../projections/execution-search/projection.ts';
import { executions } from '../../projections/executions/projection.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import type { RowFilter } from '../lists/filter.ts';
import type { RowPage } from '../lists/request.ts';
import { decodeCursor, encodeCursor } from '../paging/cursor.ts';
import { pageLimit } from '../paging/page.ts';
import { parseSort } from '../paging/sort.ts';
import { foldRow } from '../time-travel/fold.ts';
import { listedColumns, trimmed } from './columns.ts';
import { executionList, type ExecutionListRequest } from './list-model.ts';
import type { Viewer } from './viewer.ts';

/** A page of the executions that have all the words of `q` in what was asked or answered. */
export async function searchExecutions(
  deps: QueryDeps,
  viewer: Viewer,
  request: ExecutionListRequest & { readonly q: string },
  filters: readonly RowFilter<ExecutionRow>[],
): Promise<RowPage<ExecutionRow>> {
  if (request.asOf !== undefined) throw invalid('invalid_q', '/q', 'cannot be given together with asOf');
  const limit = pageLimit(request.limit);
  const sort = request.sort ?? executionList.defaultSort;
  const [term] = parseSort(executionList.sortFields, sort);
  const list = `${executionSearch.name} ${sort}`;
  const [value, id] = request.cursor === undefined ? [] : decodeCursor(list, request.cursor, 2);

  const hits = await deps.models.search(executionSearch.name, {
    words: request.q,
    equals: keywordsOf(viewer, request),
    sort: { field: 'requested_position', direction: term?.direction ?? 'desc' },
    ...(value === undefined ? {} : { beyond: { value: Number(value), id: String(id) } }),
    limit: limit + 1,
  });
  const page = hits.slice(0, limit);
  const rows = await rowsOf(deps, page);
  const last = page.at(-1);
  return {
    rows: rows.filter((row) => filters.every(({ matches }) => matches(row))),
    nextCursor:
      hits.length > limit && last ? encodeCursor(list, [Number(last.keywords['requested_position']), last.id]) : null,
    cursorAfter: (row) => encodeCursor(list, [row.requested_position, row.id]),
  };
}

/** What the search index can narrow by itself; the rows decide the rest. */
function keywordsOf(viewer: Viewer, { requestedBy, mcpId, tool, status }: ExecutionListRequest) {
  // A viewer who asks for what another one requested gets the intersection: nothing.
  const requester = viewer.seesAll ? requestedBy : viewer.actor;
  return {
    ...(requester === undefined ? {} : { requested_by: requester }),
    ...(mcpId === undefined ? {} : { mcp_id: mcpId }),
    ...(tool === undefined ? {} : { tool }),
    ...(status === undefined ? {} : { status }),
  };
}

/** The rows of the hits in their order. One that its read model does not have yet is folded from the log. */
async function rowsOf(deps: QueryDeps, hits: readonly SearchHit[]): Promise<readonly ExecutionRow[]> {
  if (hits.length === 0) return [];
  const ids = hits.map(({ id }) => id);
  const query = sql<ExecutionRow>`
    select ${listedColumns} from ${sql.table(executions.name)} where id in (${sql.join(ids)})`;
  const found = (await query.execute(deps.models.relational(executions.name))).rows;
  const byId = new Map(found.map((row) => [row.id, row]));
  const rows: ExecutionRow[] = [];
  for (const id of ids) {
    const row = byId.get(id) ?? (await foldRow(deps.store, executions, `execution-${id}`, { revision: Infinity }));
    if (row) rows.push(trimmed(row));
  }
  return rows;
}
