import { DomainError } from '../../domain/error.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { decodeCursor, encodeCursor } from '../paging/cursor.ts';
import { pageLimit, type Page, type Paging } from '../paging/page.ts';
import { parseSort } from '../paging/sort.ts';
import { showEvents, type EventItem } from './item.ts';

const sortFields = { revision: { column: 'revision', type: 'integer', unique: true } } as const;

/**
 * The history of one stream, from its first event on, or from its last with `sort=-revision`.
 * @throws DomainError `stream_not_found`, `invalid_limit`, `invalid_sort`, `invalid_cursor`
 */
export async function streamHistory(deps: QueryDeps, stream: string, request: Paging): Promise<Page<EventItem>> {
  const limit = pageLimit(request.limit);
  const sort = request.sort ?? 'revision';
  const direction = parseSort(sortFields, sort)[0]?.direction === 'desc' ? 'backward' : 'forward';
  const list = `stream ${stream} ${sort}`;
  const [from] = request.cursor === undefined ? [] : decodeCursor(list, request.cursor, 1);
  if (from !== undefined && !(Number(from) >= 0)) {
    throw invalid('invalid_cursor', '/cursor', 'must be the nextCursor of a page before, unchanged');
  }
  const events = await deps.store.readStream(stream, {
    ...(from === undefined ? {} : { from: Number(from) }),
    limit: limit + 1,
    direction,
  });
  if (events.length === 0 && from === undefined) {
    throw new DomainError('not_found', 'stream_not_found', 'there is no such stream');
  }
  const next = events[limit];
  return {
    items: await showEvents(deps, events.slice(0, limit)),
    nextCursor: next ? encodeCursor(list, [next.revision]) : null,
  };
}
