import type { Position, RecordedEvent } from '../../ports/event-store.ts';
import { storeFilter, wants, type FeedFilter } from './feed-filter.ts';
import { feedItem, type FeedItem } from './feed-item.ts';
import type { FeedSource } from './feed-source.ts';

/** Events read at one time: little enough that a reader who takes nothing holds little. */
const sliceSize = 100;

export interface HistorySlice {
  readonly items: readonly FeedItem[];
  /** Everything up to here was considered. */
  readonly position: Position;
}

/** The next events after a position that a filter wants, from the store. */
export async function readHistory(source: FeedSource, filter: FeedFilter, after: Position): Promise<HistorySlice> {
  if (filter.stream !== undefined) return readStreamHistory(source, filter, filter.stream, after);
  const slice = await source.store.readAll({ after, limit: sliceSize, filter: storeFilter(filter) });
  const wanted = slice.events.filter((event) => wants(filter, event));
  return { items: await itemsOf(source, wanted), position: slice.position };
}

/** One stream is found by its name, without going through the log. */
async function readStreamHistory(
  source: FeedSource,
  filter: FeedFilter,
  stream: string,
  after: Position,
): Promise<HistorySlice> {
  // Taken first: whatever the stream gets later lies beyond it.
  const head = await source.store.head();
  const events = await source.store.readStream(stream);
  const wanted = events.filter((event) => event.position > after && wants(filter, event));
  return { items: await itemsOf(source, wanted), position: Math.max(head, events.at(-1)?.position ?? 0) };
}

async function itemsOf({ personal }: FeedSource, events: readonly RecordedEvent[]): Promise<readonly FeedItem[]> {
  return (await personal.reveal(events)).map(feedItem);
}
