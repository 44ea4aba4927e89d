import type { AllSlice, Position, RecordedEvent } from '../../ports/event-store.ts';

const MOST_EVENTS = 2_048;

/** The newest part of the log, read once for all live projections. */
export interface LogWindow {
  /** Position up to which the window knows the log. */
  readonly position: Position;
  /** Appends a slice that begins at `position`. */
  add(slice: AllSlice): void;
  /** What stands after a position; undefined when the window has forgotten it, or has nothing newer. */
  read(after: Position, limit: number): AllSlice | undefined;
  /** Forgets what everybody has taken in. */
  trim(through: Position): void;
}

export function createLogWindow(start: Position): LogWindow {
  let events: RecordedEvent[] = [];
  /** Everything after this, up to `position`, is here. */
  let after = start;
  let position = start;

  function forget(count: number): void {
    const last = events[count - 1];
    if (last === undefined) return;
    after = last.position;
    events = events.slice(count);
  }

  /** How many events stand at or before a position. */
  function countThrough(through: Position): number {
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = events[middle];
      if (event !== undefined && event.position <= through) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get position() {
      return position;
    },
    add(slice) {
      events.push(...slice.events);
      position = slice.position;
      if (events.length > MOST_EVENTS) forget(events.length - MOST_EVENTS);
    },
    read(from, limit) {
      if (from < after || from >= position) return undefined;
      const first = countThrough(from);
      const wanted = events.slice(first, first + limit);
      const last = wanted.at(-1);
      const complete = last === undefined || first + wanted.length === events.length;
      // Whether the log ends here is for the log to say: it may have grown since.
      return { events: wanted, position: complete ? position : last.position, end: false };
    },
    trim(through) {
      if (through >= position) {
        events = [];
        after = position;
      } else forget(countThrough(through));
    },
  };
}
