import type { Position } from '../../ports/event-store.ts';
import { sql } from 'kysely';
import { executions } from '../../projections/executions/projection.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';
import type { QueryDeps } from '../deps.ts';
import { equals, within, type RowFilter } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { Page } from '../paging/page.ts';
import { boundsOf } from '../time-travel/interval.ts';
import { withArguments } from './arguments.ts';
import { executionList, type ExecutionListRequest } from './list-model.ts';
import { toListedExecution, type ExecutionResource } from './resource.ts';
import { searchExecutions } from './search.ts';
import type { Viewer } from './viewer.ts';

/**
 * Executions that the viewer may see. Results are in a list when they are small, else named by `resultRef`.
 * @throws DomainError `invalid_*` naming the parameter
 */
export async function listExecutions(
  deps: QueryDeps,
  viewer: Viewer,
  request: ExecutionListRequest,
): Promise<Page<ExecutionResource>> {
  const filters = await filtersOf(deps, viewer, request);
  const page = await (request.q === undefined
    ? listRows(deps, executionList, request, filters)
    : searchExecutions(deps, viewer, { ...request, q: request.q }, filters));
  const { rows, nextCursor } = await withArguments(deps, page);
  return { items: rows.map(toListedExecution), nextCursor };
}

export interface UnfinishedExecution {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly requestedAt: string;
  readonly timeoutMs: number;
}

/** The executions requested up to a position that have not ended, the oldest first. */
export async function unfinishedExecutions(deps: QueryDeps, upTo: Position): Promise<readonly UnfinishedExecution[]> {
  const query = sql<{ readonly id: string; readonly requested_at: string; readonly timeout_ms: number }>`
    select id, requested_at, timeout_ms from ${sql.table(executions.name)} where status in ('queued', 'running') and requested_position <= ${upTo} order by requested_position`;
  const { rows } = await query.execute(deps.models.relational(executions.name));
  return rows.map((row) => ({ id: row.id, requestedAt: row.requested_at, timeoutMs: row.timeout_ms }));
}

async function filtersOf(
  deps: QueryDeps,
  viewer: Viewer,
  request: ExecutionListRequest,
): Promise<readonly RowFilter<ExecutionRow>[]> {
  const { mcpId, tool, status, mode, requestedBy, replayOf } = request;
  const fixed = { fixed: true };
  return [
    ...equals<ExecutionRow>('requested_by', viewer.seesAll ? undefined : viewer.actor, fixed),
    ...equals<ExecutionRow>('requested_by', requestedBy, fixed),
    ...equals<ExecutionRow>('mcp_id', mcpId, fixed),
    ...equals<ExecutionRow>('tool', tool, fixed),
    ...equals<ExecutionRow>('mode', mode, fixed),
    ...equals<ExecutionRow>('replay_of', replayOf, fixed),
    ...equals<ExecutionRow>('status', status),
    ...within<ExecutionRow>(
      { time: 'requested_at', position: 'requested_position' },
      await boundsOf(deps.store, request),
    ),
  ];
}
