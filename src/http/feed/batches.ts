import type { Position } from '../../ports/event-store.ts';
import { feedBatch, type FeedBatch } from './feed-batch.ts';
import { wants, type FeedFilter } from './feed-filter.ts';
import type { FeedItem } from './feed-item.ts';
import { firstAfter, type Tail } from './tail.ts';

/** Events, and characters of them, that are written to one reader at one time. One event may be longer by itself. */
const mostItems = 256;
const mostText = 64 * 1024;

export interface TailBatch {
  /** Undefined when the filter wants none of the events. */
  readonly batch: FeedBatch | undefined;
  /** Everything up to here was considered. */
  readonly position: Position;
}

/** Takes the next events for readers from the tail. */
export type NextBatch = (filter: FeedFilter, filterKey: string, after: Position) => TailBatch;

/**
 * Readers who keep up all stand at the same place: what is next for one is next for all with his filter, and is put
 * together once.
 */
export function createBatches(tail: Tail): NextBatch {
  const latest = new Map<string, { readonly after: Position; readonly until: Position; readonly next: TailBatch }>();
  return (filter, filterKey, after) => {
    const known = latest.get(filterKey);
    if (known?.after === after && known.until === tail.position) return known.next;
    const next = nextOf(tail, filter, after);
    // Filters are made up by readers; only a few are shared by many.
    if (latest.size > 100) latest.clear();
    latest.set(filterKey, { after, until: tail.position, next });
    return next;
  };
}

function nextOf(tail: Tail, filter: FeedFilter, after: Position): TailBatch {
  const items: FeedItem[] = [];
  let text = 0;
  for (let index = firstAfter(tail.items, after); index < tail.items.length; index++) {
    const item = tail.items[index];
    if (!item) break;
    if (!wants(filter, item.event)) continue;
    items.push(item);
    text += item.json('log').length;
    if (items.length === mostItems || text > mostText) {
      return { batch: feedBatch(items), position: item.event.position };
    }
  }
  return { batch: items.length > 0 ? feedBatch(items) : undefined, position: tail.position };
}

/** Pieces of a slice that are small enough to be written at one time, or hold one event alone. */
export function* batchesOf(items: readonly FeedItem[]): Generator<FeedBatch> {
  let batch: FeedItem[] = [];
  let text = 0;
  for (const item of items) {
    batch.push(item);
    text += item.json('log').length;
    if (batch.length < mostItems && text <= mostText) continue;
    yield feedBatch(batch);
    batch = [];
    text = 0;
  }
  if (batch.length > 0) yield feedBatch(batch);
}
