import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AllSlice, DecodeEventData, EventFilter, Position, RecordedEvent } from '../../../ports/event-store.ts';
import type { StreamRead } from '../read-options.ts';
import type { EventRow, LogQueries } from './log-queries.ts';
import { eventOf } from './stored-event.ts';

/** Rows considered in one call, whatever the filter: some 2 ms on the thread that reads. */
const MOST_ROWS = 10_000;

/** Rows fetched at once, and the JSON text after which a slice ends: together they bound what one call holds. */
const ROWS_AT_ONCE = 256;
const ENOUGH_CHARACTERS = 8 * 1024 * 1024;

/** Reads a slice after a position, up to the head. It may be shorter than asked for without being the end. */
export function readSlice(
  queries: LogQueries,
  decode: DecodeEventData,
  { after, limit, filter, head }: { after: Position; limit: number; filter: EventFilter | undefined; head: Position },
): AllSlice {
  const through = Math.min(head, after + MOST_ROWS);
  const events: RecordedEvent[] = [];
  let position = after;
  let characters = 0;
  while (position < through && events.length < limit && characters < ENOUGH_CHARACTERS) {
    const wanted = Math.min(limit - events.length, ROWS_AT_ONCE);
    const rows =
      filter === undefined
        ? queries.all(position, through, wanted)
        : queries.filtered(position, through, wanted, filter);
    for (const row of rows) events.push(eventOf(row, decode));
    characters += charactersOf(rows);
    position = rows.length < wanted ? through : (rows.at(-1)?.[0] ?? through);
  }
  return { events, position, end: position >= head };
}

/**
 * Reads a stream as it stood when the log's last position was `head`. A long stream is read in pieces, and other work
 * of the thread goes on between them. The queries are asked for before each piece, since a connection can change.
 */
export async function readStreamPieces(
  queries: () => LogQueries,
  decode: DecodeEventData,
  stream: string,
  { from, limit = Number.MAX_SAFE_INTEGER, direction = 'forward' }: StreamRead,
  head: Position,
): Promise<readonly RecordedEvent[]> {
  const backward = direction === 'backward';
  const events: RecordedEvent[] = [];
  let next = from ?? (backward ? Number.MAX_SAFE_INTEGER : 0);
  while (events.length < limit) {
    const wanted = Math.min(limit - events.length, ROWS_AT_ONCE);
    const rows = backward
      ? queries().backward(stream, next, head, wanted)
      : queries().forward(stream, next, head, wanted);
    for (const row of rows) events.push(eventOf(row, decode));
    const last = rows.at(-1);
    if (last === undefined || rows.length < wanted) break;
    next = last[2] + (backward ? -1 : 1);
    await nextTurn();
  }
  return events;
}

/** Finds the last position recorded at or before a time. Times never fall along the log, so halving finds it. */
export function searchPositionAt(queries: LogQueries, timeMs: number, head: Position): Position {
  let below = 0;
  let above = head + 1;
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (queries.recordedAt(middle) <= timeMs) below = middle;
    else above = middle;
  }
  return below;
}

function charactersOf(rows: readonly EventRow[]): number {
  let characters = 0;
  for (const row of rows) characters += row[4].length + row[5].length;
  return characters;
}
