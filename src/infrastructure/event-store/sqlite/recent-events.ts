import type { AllSlice, Position, RecordedEvent, Revision } from '../../../ports/event-store.ts';
import type { EventMatcher } from '../event-matcher.ts';

const MOST_EVENTS = 4_096;
const MOST_CHARACTERS = 16 * 1024 * 1024;

/**
 * The events committed last, without a gap up to the head. Whoever follows the log closely, and whoever loads a stream
 * just written, is served from here: no disk, no JSON. Bounded by number and by the length of their JSON text.
 */
export class RecentEvents {
  #events: RecordedEvent[] = [];
  #sizes: number[] = [];
  /** Index of the oldest event kept; what stands before it is cleared away once it is more than half of all. */
  #start = 0;
  #characters = 0;
  #head: Position;
  readonly #streams = new Map<string, RecordedEvent[]>();

  constructor(head: Position) {
    this.#head = head;
  }

  /** Appends the event after the head; `size` is the length of its JSON text. */
  add(event: RecordedEvent, size: number): void {
    this.#events.push(event);
    this.#sizes.push(size);
    this.#characters += size;
    this.#head = event.position;
    const stream = this.#streams.get(event.stream);
    if (stream === undefined) this.#streams.set(event.stream, [event]);
    else stream.push(event);
    while (this.#events.length - this.#start > MOST_EVENTS || this.#characters > MOST_CHARACTERS) this.#forgetOldest();
    if (this.#start > this.#events.length / 2) this.#clearForgotten();
  }

  /** Forgets everything and goes on after another head. */
  reset(head: Position): void {
    this.#events = [];
    this.#sizes = [];
    this.#start = 0;
    this.#characters = 0;
    this.#head = head;
    this.#streams.clear();
  }

  /** What stands after a position; undefined when some of it is no longer here. */
  slice(after: Position, limit: number, matches: EventMatcher): AllSlice | undefined {
    const kept = this.#events.length - this.#start;
    const skip = after - (this.#head - kept);
    if (skip < 0) return undefined;
    if (skip >= kept) return { events: [], position: after, end: true };
    const from = this.#start + skip;
    const events = matches === undefined ? this.#events.slice(from, from + limit) : [];
    for (let index = from; matches !== undefined && index < this.#events.length; index++) {
      const event = this.#events[index];
      if (event === undefined || !matches(event)) continue;
      events.push(event);
      if (events.length === limit) break;
    }
    const last = events.at(-1);
    const position = last !== undefined && events.length === limit ? last.position : this.#head;
    return { events, position, end: position === this.#head };
  }

  /** A stream's events from a revision onward; undefined when some of them are no longer here. */
  forward(stream: string, from: Revision, limit: number): readonly RecordedEvent[] | undefined {
    const kept = this.#streams.get(stream);
    const first = kept?.[0];
    if (kept === undefined || first === undefined || from < first.revision) return undefined;
    const skip = from - first.revision;
    return kept.slice(skip, skip + limit);
  }

  /** A stream's events from a revision (its last when undefined) back; undefined when some are no longer here. */
  backward(stream: string, from: Revision | undefined, limit: number): readonly RecordedEvent[] | undefined {
    const kept = this.#streams.get(stream);
    const first = kept?.[0];
    if (kept === undefined || first === undefined) return undefined;
    const until = from === undefined ? kept.length : Math.min(kept.length, from - first.revision + 1);
    if (until < limit && first.revision > 0) return undefined;
    return kept.slice(Math.max(0, until - limit), Math.max(0, until)).reverse();
  }

  #forgetOldest(): void {
    const oldest = this.#events[this.#start];
    if (oldest === undefined) return;
    this.#characters -= this.#sizes[this.#start] ?? 0;
    this.#start++;
    const stream = this.#streams.get(oldest.stream);
    if (stream === undefined || stream.length === 1) this.#streams.delete(oldest.stream);
    else stream.shift();
  }

  #clearForgotten(): void {
    this.#events.splice(0, this.#start);
    this.#sizes.splice(0, this.#start);
    this.#start = 0;
  }
}
