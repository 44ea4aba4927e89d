import type { EventMetadata } from '../../../domain/event.ts';
import type { DecodeEventData, RecordedEvent } from '../../../ports/event-store.ts';
import { decodedEvent } from '../../event-store/decoded-event.ts';
import type { Announcement } from './message.ts';

/** The event that a message carries, as the log would give it; undefined when it is not in the message. */
export function recordedEventOf(announcement: Announcement, decode: DecodeEventData): RecordedEvent | undefined {
  const { position, stream, revision, type, payload } = announcement;
  if (payload === undefined) return undefined;
  const { data, metadata } = JSON.parse(payload) as { readonly data: unknown; readonly metadata: EventMetadata };
  return decodedEvent({ position, stream, revision, type }, metadata, () => data, decode);
}
