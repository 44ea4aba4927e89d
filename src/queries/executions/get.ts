import type { RecordedEvent } from '../../ports/event-store.ts';
import { executions } from '../../projections/executions/projection.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { asUuid } from '../ids.ts';
import { foldRow } from '../time-travel/fold.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';
import { toExecution, type ExecutionResource } from './resource.ts';
import type { Viewer } from './viewer.ts';

const kind: RowKind<ExecutionRow> = {
  projection: executions,
  category: 'execution',
  notFoundCode: 'execution_not_found',
};

/**
 * One execution with its whole result, now or as it was.
 * @throws DomainError `execution_not_found`, also for what the viewer may not see; `revision_not_found`; StoreUnavailable
 */
export async function getExecution(
  deps: QueryDeps,
  viewer: Viewer,
  id: string,
  moment: Moment,
): Promise<Versioned<ExecutionResource>> {
  const uuid = asUuid(id);
  if (uuid === undefined) throw notFound(kind);
  const isPast = moment.asOf !== undefined || moment.revision !== undefined;
  // Asked before anything else is: a refusal must not tell that there was, or will be, something to see.
  if (isPast && !seen(viewer, await firstRow(deps, uuid))) throw notFound(kind);
  const row = await rowAt(deps, kind, uuid, moment);
  if (!seen(viewer, row)) throw notFound(kind);
  return { resource: await toExecution(deps.blobs, row), revision: row.revision, position: row.position };
}

/**
 * The execution that a stream's events, from the first on, make: what a caller is told of a call that has just ended,
 * without waiting for any read model.
 * @throws DomainError `execution_not_found` the events do not begin an execution; StoreUnavailable
 */
export async function executionOfEvents(
  deps: QueryDeps,
  events: readonly RecordedEvent[],
): Promise<Versioned<ExecutionResource>> {
  let row: ExecutionRow | undefined;
  for (const event of events) row = executions.evolve(row, event);
  if (!row) throw notFound(kind);
  return { resource: await toExecution(deps.blobs, row), revision: row.revision, position: row.position };
}

function seen(viewer: Viewer, row: ExecutionRow | undefined): boolean {
  return viewer.seesAll || row?.requested_by === viewer.actor;
}

function firstRow(deps: QueryDeps, id: string): Promise<ExecutionRow | undefined> {
  return foldRow(deps.store, executions, `execution-${id}`, { revision: 0 });
}
