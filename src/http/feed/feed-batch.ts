import type { Audience, FeedItem } from './feed-item.ts';

/** Events that go out together. What is written is made once, for everybody who gets the same ones. */
export interface FeedBatch {
  readonly items: readonly FeedItem[];
  /** Server-sent events. */
  sse(audience: Audience): Buffer;
}

export function feedBatch(items: readonly FeedItem[]): FeedBatch {
  const frames: Partial<Record<Audience, Buffer>> = {};
  return {
    items,
    sse: (audience) => (frames[audience] ??= Buffer.from(items.map((item) => sseText(item, audience)).join(''))),
  };
}

/**
 * A server-sent event (WHATWG HTML, 9.2). JSON has no line breaks outside strings and escapes them within: one data line
 * holds it.
 */
function sseText(item: FeedItem, audience: Audience): string {
  const { position, type } = item.event;
  return `id: ${position}\nevent: ${type.replace(/[\r\n]/g, ' ')}\ndata: ${item.json(audience)}\n\n`;
}
