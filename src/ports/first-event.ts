import type { EventStore, Position, RecordedEvent } from './event-store.ts';

/**
 * The first event after a position; undefined when none stands there. A slice may hold nothing and not be the end: a log
 * that others write to as well is read on until there is an event.
 * @throws StoreUnavailable; UnknownPosition
 */
export async function firstEventAfter(
  log: Pick<EventStore, 'readAll'>,
  position: Position,
): Promise<RecordedEvent | undefined> {
  for (let after = position; ;) {
    const slice = await log.readAll({ after, limit: 1 });
    const [first] = slice.events;
    if (first !== undefined || slice.end) return first;
    after = slice.position;
  }
}
