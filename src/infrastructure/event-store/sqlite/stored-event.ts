import type { EventMetadata } from '../../../domain/event.ts';
import type { DecodeEventData, RecordedEvent } from '../../../ports/event-store.ts';
import { decodedEvent } from '../decoded-event.ts';
import type { EventRow } from './log-queries.ts';

/** The event that a row holds. */
export function eventOf(row: EventRow, decode: DecodeEventData): RecordedEvent {
  const [position, stream, revision, type, metadataText, dataText] = row;
  const metadata = JSON.parse(metadataText) as EventMetadata;
  return decodedEvent({ position, stream, revision, type }, metadata, () => JSON.parse(dataText), decode);
}

/** The id of the event that a row holds. */
export function eventIdOf(row: EventRow): string {
  return (JSON.parse(row[4]) as EventMetadata).eventId;
}
