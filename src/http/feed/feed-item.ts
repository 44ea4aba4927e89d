import { categoryOf, type RecordedEvent } from '../../ports/event-store.ts';
import { toEventItem, type EventItem } from '../../queries/events/item.ts';

/** Who may see how much of an event: readers of the whole log, or those of one resource. */
export type Audience = 'log' | 'resource';

/** An event on its way to readers. What is sent is made once and shared by all of them. */
export interface FeedItem {
  readonly event: RecordedEvent;
  readonly category: string;
  json(audience: Audience): string;
  /** A server-sent event (WHATWG HTML, 9.2). */
  sse(audience: Audience): Buffer;
}

export function feedItem(event: RecordedEvent): FeedItem {
  const jsons: Partial<Record<Audience, string>> = {};
  const frames: Partial<Record<Audience, Buffer>> = {};
  const json = (audience: Audience) =>
    (jsons[audience] ??= JSON.stringify(audience === 'log' ? toEventItem(event) : withoutAddress(event)));
  return {
    event,
    category: categoryOf(event.stream),
    json,
    // JSON has no line breaks outside strings and escapes them within: one data line holds it.
    sse: (audience) =>
      (frames[audience] ??= Buffer.from(
        `id: ${event.position}\nevent: ${singleLine(event.type)}\ndata: ${json(audience)}\n\n`,
      )),
  };
}

/** From where somebody came is for readers of the whole log. */
function withoutAddress(event: RecordedEvent): EventItem {
  const item = toEventItem(event);
  const metadata = { ...item.metadata };
  delete metadata.remoteAddress;
  return { ...item, metadata };
}

function singleLine(type: string): string {
  return type.replace(/[\r\n]/g, ' ');
}
