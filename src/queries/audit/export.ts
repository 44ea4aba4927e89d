import type { RecordedEvent } from '../../ports/event-store.ts';
import { audit } from '../../projections/audit/projection.ts';
import type { QueryDeps } from '../deps.ts';
import { reachPosition, resolveAsOf } from '../time-travel/as-of.ts';
import { boundsOf, isWithin, type Bounds } from '../time-travel/interval.ts';
import { hitToAuditItem, showAudit, toAuditItem, type AuditItem } from './item.ts';
import { criteria, type AuditFilter } from './list.ts';

export interface AuditExportRequest extends AuditFilter {
  readonly asOf?: string | number;
}

const eventsAtOnce = 500;

/**
 * The audit trail up to now in log order, made while it is read. Without words it comes from the log itself, so that
 * no read model can lack an entry.
 * @throws DomainError `invalid_time`, `invalid_as_of`, `as_of_in_future` when the first entry is asked for
 */
export async function* exportAudit(deps: QueryDeps, request: AuditExportRequest): AsyncGenerator<AuditItem> {
  const through = await (request.asOf === undefined ? deps.store.head() : resolveAsOf(deps, request.asOf));
  yield* request.q === undefined ? fromLog(deps, request, through) : fromSearch(deps, request, through);
}

async function* fromLog(deps: QueryDeps, request: AuditExportRequest, through: number): AsyncGenerator<AuditItem> {
  const bounds = await boundsOf(deps.store, request);
  const last = Math.min(bounds.through ?? through, through);
  const filter = request.action === undefined ? {} : { filter: { types: [request.action] } };
  for (let after = bounds.after ?? 0; after < last;) {
    const slice = await deps.store.readAll({ after, limit: eventsAtOnce, ...filter });
    const items = slice.events
      .filter(({ position }) => position <= last)
      .map((event) => toAuditItem(keywordsOf(event)))
      .filter((item) => isWanted(item, request, bounds));
    yield* await showAudit(deps, items);
    if (slice.end) return;
    after = slice.position;
  }
}

async function* fromSearch(deps: QueryDeps, request: AuditExportRequest, through: number): AsyncGenerator<AuditItem> {
  await reachPosition(deps, audit.name, through);
  const query = { ...(await criteria(deps, request, through)), sort: { field: 'position', direction: 'asc' } as const };
  for (let beyond = {}; ;) {
    const hits = await deps.models.search(audit.name, { ...query, ...beyond, limit: eventsAtOnce });
    yield* await showAudit(deps, hits.map(hitToAuditItem));
    const last = hits.at(-1);
    if (!last || hits.length < eventsAtOnce) return;
    beyond = { beyond: { value: last.keywords['position'] ?? null, id: last.id } };
  }
}

function keywordsOf(event: RecordedEvent) {
  const row = audit.evolve(undefined, event);
  if (!row) throw new Error(`the audit trail has nothing to say of position ${event.position}`);
  return row.keywords;
}

function isWanted(item: AuditItem, { actor, resource, outcome, correlationId }: AuditFilter, bounds: Bounds): boolean {
  return (
    (actor === undefined || item.actor === actor) &&
    (resource === undefined || item.resource === resource) &&
    (outcome === undefined || item.outcome === outcome) &&
    (correlationId === undefined || item.correlationId === correlationId) &&
    isWithin(item.at, bounds)
  );
}
