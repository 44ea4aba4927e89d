import { publicData } from '../../domain/registry.ts';
import { categoryOf, type Position, type RecordedEvent } from '../../ports/event-store.ts';

/** An event as the API shows it: what is secret in its data is masked. */
export interface EventView {
  readonly position: Position;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: RecordedEvent['metadata'];
}

export function eventView({ position, stream, revision, type, data, metadata }: RecordedEvent): EventView {
  return { position, stream, revision, type, data: publicData(type, data), metadata };
}

/** As `eventView`, without what only readers of the whole log may know: from where somebody came. */
export function eventViewForOthers(event: RecordedEvent): EventView {
  const { remoteAddress: _, ...metadata } = event.metadata;
  return { ...eventView(event), metadata };
}

/** Who may see how much of an event. */
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
    (jsons[audience] ??= JSON.stringify(audience === 'log' ? eventView(event) : eventViewForOthers(event)));
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

function singleLine(type: string): string {
  return type.replace(/[\r\n]/g, ' ');
}
