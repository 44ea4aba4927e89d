import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { Position, RecordedEvent, Revision } from '../../../ports/event-store.ts';

/** Bytes of an event's JSON that travel through Kafka; a larger event is only announced, and read from the log. */
const MOST_EVENT_BYTES = 512 * 1024;

/**
 * What a message says: this event stands in the log, and none stands between `previous` and it. That is true forever,
 * so no order, repetition or loss of messages can make a reader see anything but the log.
 */
export interface Announcement {
  /** Identity of the log. */
  readonly log: string;
  readonly position: Position;
  readonly previous: Position;
  readonly stream: string;
  readonly revision: Revision;
  readonly type: string;
  /** JSON of the event's data and metadata as stored; undefined when it is to be read from the log. */
  readonly payload: string | undefined;
}

/** @param event its data as stored, not brought to a newer schema version: the reader does that */
export function messageOf(event: RecordedEvent, { previous, log }: Pick<Announcement, 'previous' | 'log'>): Message {
  return {
    key: event.stream,
    value: payloadOf(event),
    headers: {
      position: String(event.position),
      previous: String(previous),
      revision: String(event.revision),
      id: event.metadata.eventId,
      type: event.type,
      log,
    },
  };
}

function payloadOf(event: RecordedEvent): Buffer | null {
  const data = readable(event);
  if (data === undefined) return null;
  const payload = Buffer.from(JSON.stringify({ data: data.value, metadata: event.metadata }));
  return payload.length > MOST_EVENT_BYTES ? null : payload;
}

/** Data that cannot be read is for the readers to stumble over, not for the relay. */
function readable(event: RecordedEvent): { readonly value: unknown } | undefined {
  try {
    return { value: event.data };
  } catch {
    return undefined;
  }
}

/** Undefined for what the relay cannot have written. */
export function announcementOf({ key, value, headers = {} }: KafkaMessage): Announcement | undefined {
  const position = numberOf(headers, 'position');
  const previous = numberOf(headers, 'previous');
  const revision = numberOf(headers, 'revision');
  const type = textOf(headers, 'type');
  const log = textOf(headers, 'log');
  if (position === undefined || previous === undefined || revision === undefined || type === undefined)
    return undefined;
  if (log === undefined || key === null || previous >= position) return undefined;
  // Text of its own: a piece of the buffer would hold all that was fetched with it.
  return { log, position, previous, stream: key.toString(), revision, type, payload: value?.toString() };
}

function textOf(headers: IHeaders, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || Array.isArray(value) ? undefined : value.toString();
}

function numberOf(headers: IHeaders, name: string): number | undefined {
  const text = textOf(headers, name);
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
