import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventMetadata } from '../../../src/domain/event.ts';
import { categoryOf } from '../../../src/ports/event-store.ts';
import type {
  AllSlice,
  EventFilter,
  EventStore,
  EventToAppend,
  Position,
  RecordedEvent,
} from '../../../src/ports/event-store.ts';

/** A category that no other test uses, so that a suite can share a server with others. */
export function newCategory(): string {
  return `c${randomUUID().replaceAll('-', '')}`;
}

export function newStream(category = newCategory()): string {
  return `${category}-${randomUUID()}`;
}

export function metadataOf(overrides: Partial<EventMetadata> = {}): EventMetadata {
  return {
    eventId: randomUUID(),
    commandId: randomUUID(),
    actor: 'user:1',
    tenant: 'default',
    correlationId: randomUUID(),
    schemaVersion: '1',
    occurredAt: '2026-01-02T03:04:05.678Z',
    ...overrides,
  };
}

export function eventToAppend(
  type = 'ThingHappened',
  data: unknown = { n: 1 },
  overrides: Partial<EventMetadata> = {},
): EventToAppend {
  return { type, data, metadata: metadataOf(overrides) };
}

export function eventsToAppend(count: number, type = 'ThingHappened'): EventToAppend[] {
  return Array.from({ length: count }, (_, n) => eventToAppend(type, { n }));
}

export function idsOf(events: readonly { readonly metadata: EventMetadata }[]): string[] {
  return events.map(({ metadata }) => metadata.eventId);
}

/** Reads slice after slice to the end of the log. */
export async function readOn(
  store: Pick<EventStore, 'readAll'>,
  after: Position,
  options: { readonly limit?: number; readonly filter?: EventFilter } = {},
): Promise<{ readonly events: RecordedEvent[]; readonly position: Position }> {
  const events: RecordedEvent[] = [];
  let position = after;
  for (;;) {
    const slice: AllSlice = await store.readAll({ after: position, limit: 100, ...options });
    if (slice.position === position && !slice.end) throw new Error(`no way on from ${position}`);
    events.push(...slice.events);
    position = slice.position;
    if (slice.end) return { events, position };
  }
}

/** What a shared server holds besides belongs to others. */
export function onlyOf(category: string, events: readonly RecordedEvent[]): RecordedEvent[] {
  return events.filter(({ stream }) => categoryOf(stream) === category);
}

/** Follows a subscription until `enough` says so, then ends it; answers every slice seen. */
export async function followUntil(
  store: Pick<EventStore, 'subscribe'>,
  options: { readonly after: Position; readonly filter?: EventFilter; readonly batchSize?: number },
  enough: (events: readonly RecordedEvent[], position: Position) => boolean,
): Promise<{ readonly slices: AllSlice[]; readonly events: RecordedEvent[] }> {
  const ending = new AbortController();
  const slices: AllSlice[] = [];
  const events: RecordedEvent[] = [];
  for await (const slice of store.subscribe({ ...options, signal: ending.signal })) {
    slices.push(slice);
    events.push(...slice.events);
    if (enough(events, slice.position)) ending.abort();
  }
  return { slices, events };
}

/** Lets the event loop turn a number of times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

/** Follows until it is told to end. @throws Error there was something, though nothing was expected */
export async function drain(slices: AsyncIterable<unknown>): Promise<void> {
  for await (const slice of slices) throw new Error(`nothing was expected, but there was ${JSON.stringify(slice)}`);
}
