import type { SearchQuery } from '../../ports/read-models.ts';
import { audit, auditId } from '../../projections/audit/projection.ts';
import { typesOf, type AuditOutcome } from '../../projections/audit/outcome.ts';
import type { QueryDeps } from '../deps.ts';
import { decodeCursor, encodeCursor } from '../paging/cursor.ts';
import { pageLimit, type Page, type Paging } from '../paging/page.ts';
import { parseSort } from '../paging/sort.ts';
import { reachPosition, resolveAsOf } from '../time-travel/as-of.ts';
import { boundsOf, type Interval } from '../time-travel/interval.ts';
import { hitToAuditItem, showAudit, type AuditItem } from './item.ts';

/** `from` and `to` are about when it happened. */
export interface AuditFilter extends Interval {
  readonly actor?: string;
  /** A type of event. */
  readonly action?: string;
  /** A stream, or what a denial was about. */
  readonly resource?: string;
  readonly outcome?: AuditOutcome;
  /** The trail of one request. */
  readonly correlationId?: string;
  /** Words that all occur in what an entry says. */
  readonly q?: string;
}

export interface AuditListRequest extends AuditFilter, Paging {
  readonly asOf?: string | number;
}

/** Both are the order of the log. */
export const auditSortFields = {
  position: { column: 'position', type: 'integer', unique: true },
  at: { column: 'position', type: 'integer', unique: true },
} as const;

/** A page of the audit trail, the newest first unless `sort` says otherwise. @throws DomainError `invalid_*` */
export async function listAudit(deps: QueryDeps, request: AuditListRequest): Promise<Page<AuditItem>> {
  const limit = pageLimit(request.limit);
  const sort = request.sort ?? '-position';
  const [term] = parseSort(auditSortFields, sort);
  const list = `${audit.name} ${sort}`;
  const [place] = request.cursor === undefined ? [] : decodeCursor(list, request.cursor, 1);
  const asOf = request.asOf === undefined ? undefined : await resolveAsOf(deps, request.asOf);
  if (asOf !== undefined) await reachPosition(deps, audit.name, asOf);

  const hits = await deps.models.search(audit.name, {
    ...(await criteria(deps, request, asOf)),
    sort: { field: 'position', direction: term?.direction ?? 'desc' },
    ...(place === undefined ? {} : { beyond: { value: Number(place), id: auditId(Number(place)) } }),
    limit: limit + 1,
  });
  const items = await showAudit(deps, hits.slice(0, limit).map(hitToAuditItem));
  const last = items.at(-1);
  return { items, nextCursor: hits.length > limit && last ? encodeCursor(list, [last.position]) : null };
}

/** What a filter means to the search store; with `through`, only up to that position. @throws DomainError `invalid_time` */
export async function criteria(
  deps: QueryDeps,
  filter: AuditFilter,
  through: number = Number.MAX_SAFE_INTEGER,
): Promise<Pick<SearchQuery, 'words' | 'equals' | 'range'>> {
  const { actor, action, resource, outcome, correlationId, q } = filter;
  const { from, to, ...bounds } = await boundsOf(deps.store, filter);
  return {
    ...given('words', q),
    equals: {
      ...given('actor', actor),
      ...given('resource', resource),
      ...given('correlation_id', correlationId),
      ...given('outcome', outcome),
      // The types of an outcome are few: they enter an index, where the outcome would not.
      ...given('action', action ?? (outcome && typesOf(outcome))),
    },
    range: {
      ...(from === undefined && to === undefined ? {} : { at: { ...given('from', from), ...given('to', to) } }),
      position: {
        from: (bounds.after ?? 0) + 1,
        to: Math.min(bounds.through ?? through, through),
      },
    },
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined) {
  return value === undefined ? {} : { [name]: value };
}
