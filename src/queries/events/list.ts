import { categoryOf, type Position, type RecordedEvent, type Revision } from '../../ports/event-store.ts';
import { audit } from '../../projections/audit/projection.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { pageLimit } from '../paging/page.ts';
import { showEvents, type EventItem } from './item.ts';

export interface EventListRequest {
  /** Events beyond this position; 0, or absent, for all. */
  readonly after?: number;
  readonly limit?: number;
  readonly category?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly actor?: string;
  readonly correlationId?: string;
}

/** A slice of the log. It may be shorter than asked for, even empty, while more is to come. */
export interface EventSlice {
  readonly items: readonly EventItem[];
  /** Everything up to here was considered: ask on from here, now or when more has happened. */
  readonly nextAfter: Position;
}

/** Slices of the log read, or events of a stream looked at, for one answer. */
const mostReads = 20;
const eventsAtOnce = 200;

/** Events in log order. @throws DomainError `invalid_after`, `invalid_limit` */
export async function listEvents(deps: QueryDeps, request: EventListRequest): Promise<EventSlice> {
  const { after = 0, stream, actor, correlationId } = request;
  if (!Number.isSafeInteger(after) || after < 0) {
    throw invalid('invalid_after', '/after', 'must be a position of the log, 0 for its beginning');
  }
  const wanted = { ...request, after, limit: pageLimit(request.limit) };
  const { events, nextAfter } = await (stream !== undefined
    ? ofStream(deps, { ...wanted, stream })
    : actor !== undefined || correlationId !== undefined
      ? ofAudit(deps, wanted)
      : ofLog(deps, wanted));
  return { items: await showEvents(deps, events), nextAfter };
}

interface Slice {
  readonly events: readonly RecordedEvent[];
  readonly nextAfter: Position;
}
type Wanted = EventListRequest & { readonly after: Position; readonly limit: number };

async function ofLog({ store }: QueryDeps, { after, limit, category, type }: Wanted): Promise<Slice> {
  const filter = {
    ...(category === undefined ? {} : { categories: [category] }),
    ...(type === undefined ? {} : { types: [type] }),
  };
  const events: RecordedEvent[] = [];
  let position = after;
  for (let read = 0; read < mostReads && events.length < limit; read++) {
    const slice = await store.readAll({ after: position, limit: limit - events.length, filter });
    events.push(...slice.events);
    position = slice.position;
    if (slice.end) break;
  }
  return { events, nextAfter: position };
}

async function ofStream({ store }: QueryDeps, wanted: Wanted & { readonly stream: string }): Promise<Slice> {
  const { stream, after, limit } = wanted;
  const head = await store.head();
  const events: RecordedEvent[] = [];
  let from = after === 0 ? 0 : await firstRevisionAfter(store, stream, after);
  let nextAfter = after;
  for (let read = 0; read < mostReads; read++) {
    const found = await store.readStream(stream, { from, limit: eventsAtOnce });
    for (const event of found) {
      if (fits(event, wanted)) events.push(event);
      nextAfter = event.position;
      if (events.length === limit) return { events, nextAfter };
    }
    // Nothing beyond the stream's last event can be in it, up to where the log ended before it was read.
    if (found.length < eventsAtOnce) return { events, nextAfter: Math.max(nextAfter, head) };
    from += found.length;
  }
  return { events, nextAfter };
}

/** Positions rise along a stream, so halving finds the first event beyond one. */
async function firstRevisionAfter(store: QueryDeps['store'], stream: string, after: Position): Promise<Revision> {
  const [last] = await store.readStream(stream, { direction: 'backward', limit: 1 });
  let [low, high] = [0, (last?.revision ?? -1) + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await store.readStream(stream, { from: middle, limit: 1 });
    if (event && event.position <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The audit trail has an entry for each event, found by who caused it and by its request. */
async function ofAudit({ models, store }: QueryDeps, wanted: Wanted): Promise<Slice> {
  const { after, limit, category, type, actor, correlationId } = wanted;
  const considered = models.position(audit.name);
  const hits = await models.search(audit.name, {
    equals: {
      ...(actor === undefined ? {} : { actor }),
      ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
      ...(category === undefined ? {} : { category }),
      ...(type === undefined ? {} : { action: type }),
    },
    range: { position: { from: after + 1 } },
    sort: { field: 'position', direction: 'asc' },
    limit,
  });
  const events: RecordedEvent[] = [];
  for (const { keywords } of hits) {
    const position = Number(keywords['position']);
    const { events: found } = await store.readAll({ after: position - 1, limit: 1 });
    events.push(...found);
  }
  const last = events.at(-1);
  const nextAfter = hits.length === limit && last ? last.position : Math.max(after, considered, last?.position ?? 0);
  return { events, nextAfter };
}

function fits({ stream, type, metadata }: RecordedEvent, wanted: EventListRequest): boolean {
  return (
    (wanted.category === undefined || categoryOf(stream) === wanted.category) &&
    (wanted.type === undefined || type === wanted.type) &&
    (wanted.actor === undefined || metadata.actor === wanted.actor) &&
    (wanted.correlationId === undefined || metadata.correlationId === wanted.correlationId)
  );
}
