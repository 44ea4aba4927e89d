import type { EventFilter, RecordedEvent } from '../../ports/event-store.ts';

/** Whether a filter admits an event; undefined when it admits every event. */
export type EventMatcher = ((event: Pick<RecordedEvent, 'stream' | 'type'>) => boolean) | undefined;

/** Compiles a filter once for many events. */
export function matcherOf(filter: EventFilter | undefined): EventMatcher {
  if (filter?.types === undefined && filter?.categories === undefined) return undefined;
  const types = filter.types === undefined ? undefined : new Set(filter.types);
  const { categories } = filter;
  return (event) =>
    (types === undefined || types.has(event.type)) &&
    (categories === undefined || categories.some((category) => isOfCategory(event.stream, category)));
}

/** The same as comparing with `categoryOf`, without making a string for each event. */
function isOfCategory(stream: string, category: string): boolean {
  if (!stream.startsWith(category) || category.includes('-')) return false;
  return stream.length === category.length || stream.charAt(category.length) === '-';
}
