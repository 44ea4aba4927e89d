import type { EventFilter, RecordedEvent } from '../../ports/event-store.ts';
import { categoryOf } from '../../ports/event-store.ts';

/** Which events a reader wants: those that have all of what is named. */
export interface FeedFilter {
  readonly category?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly actor?: string;
  readonly correlationId?: string;
}

export function wants(filter: FeedFilter, { type, stream, metadata }: RecordedEvent): boolean {
  return (
    (filter.stream === undefined || filter.stream === stream) &&
    (filter.type === undefined || filter.type === type) &&
    (filter.category === undefined || filter.category === categoryOf(stream)) &&
    (filter.actor === undefined || filter.actor === metadata.actor) &&
    (filter.correlationId === undefined || filter.correlationId === metadata.correlationId)
  );
}

/** The part of a filter that the store itself can apply. */
export function storeFilter({ category, type, stream }: FeedFilter): EventFilter {
  const categories = category ?? (stream === undefined ? undefined : categoryOf(stream));
  return {
    ...(categories === undefined ? {} : { categories: [categories] }),
    ...(type === undefined ? {} : { types: [type] }),
  };
}
