import type { EventStore, Position } from '../../ports/event-store.ts';

/** Where events have to be counted, more than this are told as this many: counting further would cost more than it tells. */
const MOST_COUNTED = 2_000;

/** How many events stand in the log beyond a position. @param head of the log */
export async function eventsBeyond(
  store: Pick<EventStore, 'sparse' | 'readAll'>,
  position: Position,
  head: Position,
): Promise<number> {
  if (store.sparse !== true || position >= head) return Math.max(0, head - position);
  const { events } = await store.readAll({ after: position, limit: MOST_COUNTED });
  return events.length;
}
