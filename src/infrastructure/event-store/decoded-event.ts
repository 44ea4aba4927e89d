import type { EventMetadata } from '../../domain/event.ts';
import type { DecodeEventData, RecordedEvent } from '../../ports/event-store.ts';

/**
 * An event as it was stored, with its data brought to the newest schema version. One whose data cannot be decoded tells
 * that to whoever looks at its data.
 * @param stored gives the data as it was stored; it may throw
 */
export function decodedEvent(
  place: Pick<RecordedEvent, 'position' | 'stream' | 'revision' | 'type'>,
  metadata: EventMetadata,
  stored: () => unknown,
  decode: DecodeEventData,
): RecordedEvent {
  try {
    return { ...place, data: decode(place.type, Number(metadata.schemaVersion), stored()), metadata };
  } catch (error) {
    const failure = new Error(`event ${place.position} (${place.type}) cannot be decoded`, { cause: error });
    return {
      ...place,
      get data(): never {
        throw failure;
      },
      metadata,
    };
  }
}
