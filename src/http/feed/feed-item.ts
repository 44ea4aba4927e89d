import type { RecordedEvent } from '../../ports/event-store.ts';
import { toEventItem, type EventItem } from '../../queries/events/item.ts';

/** Who may see how much of an event: readers of the whole log, or those of one resource. */
export type Audience = 'log' | 'resource';

/** A revealed event on its way to readers. */
export interface FeedItem {
  readonly event: RecordedEvent;
  /** Its text, made once. */
  json(audience: Audience): string;
}

export function feedItem(event: RecordedEvent): FeedItem {
  const texts: Partial<Record<Audience, string>> = {};
  return {
    event,
    json: (audience) =>
      (texts[audience] ??= JSON.stringify(audience === 'log' ? toEventItem(event) : withoutAddress(event))),
  };
}

/** From where somebody came, and why, is for readers of the whole log. */
function withoutAddress(event: RecordedEvent): EventItem {
  const item = toEventItem(event);
  const metadata = { ...item.metadata };
  delete metadata.remoteAddress;
  delete metadata.reason;
  return { ...item, metadata };
}
