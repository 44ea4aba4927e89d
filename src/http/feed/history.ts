import type { EventStore, Position } from '../../ports/event-store.ts';
import { storeFilter, wants, type FeedFilter } from './feed-filter.ts';
import { feedItem, type FeedItem } from './feed-item.ts';

/** Events read at one time: little enough that a reader who takes nothing holds little. */
const sliceSize = 100;

export interface HistorySlice {
  readonly items: readonly FeedItem[];
  /** Everything up to here was considered. */
  readonly position: Position;
}

/** The next events after a position that a filter wants, from the store. */
export async function readHistory(store: EventStore, filter: FeedFilter, after: Position): Promise<HistorySlice> {
  if (filter.stream !== undefined) return readStreamHistory(store, filter, filter.stream, after);
  const slice = await store.readAll({ after, limit: sliceSize, filter: storeFilter(filter) });
  const items = slice.events.filter((event) => wants(filter, event)).map(feedItem);
  return { items, position: slice.position };
}

/** One stream is found by its name, without going through the log. */
async function readStreamHistory(
  store: EventStore,
  filter: FeedFilter,
  stream: string,
  after: Position,
): Promise<HistorySlice> {
  // Taken first: whatever the stream gets later lies beyond it.
  const head = await store.head();
  const events = await store.readStream(stream);
  const items = events.filter((event) => event.position > after && wants(filter, event)).map(feedItem);
  return { items, position: Math.max(head, events.at(-1)?.position ?? 0) };
}
