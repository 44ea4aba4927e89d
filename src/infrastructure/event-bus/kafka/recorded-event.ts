import type { EventMetadata } from '../../../domain/event.ts';
import type { DecodeEventData, RecordedEvent } from '../../../ports/event-store.ts';
import type { Announcement } from './message.ts';

/** The event that a message carries, as the log would give it; undefined when it is not in the message. */
export function recordedEventOf(announcement: Announcement, decode: DecodeEventData): RecordedEvent | undefined {
  const { position, stream, revision, type, payload } = announcement;
  if (payload === undefined) return undefined;
  const stored = JSON.parse(payload) as { readonly data: unknown; readonly metadata: EventMetadata };
  const { metadata } = stored;
  try {
    const data = decode(type, Number(metadata.schemaVersion), stored.data);
    return { position, stream, revision, type, data, metadata };
  } catch (error) {
    const failure = new Error(`event ${position} (${type}) cannot be decoded`, { cause: error });
    return {
      position,
      stream,
      revision,
      type,
      get data(): never {
        throw failure;
      },
      metadata,
    };
  }
}
