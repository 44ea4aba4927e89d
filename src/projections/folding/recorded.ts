import type { DomainEvent } from '../../domain/event.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';

/** The events of a family as they stand in the log. */
export type Recorded<Event extends DomainEvent> = Event extends DomainEvent
  ? RecordedEvent<Event['type'], Event['data']>
  : never;

/** Tells the events of a family from all others by their type, which upcasting has tied to the shape of their data. */
export function recognise<Event extends DomainEvent>(
  types: readonly Event['type'][],
): (event: RecordedEvent) => event is Recorded<Event> & RecordedEvent {
  const known: ReadonlySet<string> = new Set(types);
  return (event): event is Recorded<Event> & RecordedEvent => known.has(event.type);
}

/** `0192…` of `mcp-0192…`. */
export function idOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}
