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
  let counted = 0;
  // A log that others write to as well may give less than was asked for, or nothing, with more to come.
  for (let after = position; counted < MOST_COUNTED;) {
    const slice = await store.readAll({ after, limit: MOST_COUNTED - counted });
    counted += slice.events.length;
    if (slice.end) break;
    after = slice.position;
  }
  return counted;
}
