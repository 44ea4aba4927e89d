import type { EventMetadata } from '../../domain/event.ts';
import { NO_STREAM, type DecodeEventData, type EventToAppend, type StreamAppend } from '../../ports/event-store.ts';

/** Characters of JSON text that one event may have; what is larger belongs in content-addressed storage. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** An event as it will be stored, with what reading it back will give. */
export interface PreparedEvent {
  readonly type: string;
  readonly dataText: string;
  readonly metadataText: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

export interface PreparedAppend {
  readonly stream: string;
  readonly expectedRevision: number;
  readonly events: readonly PreparedEvent[];
}

/**
 * Takes a snapshot of what is to be appended, so that later changes to it by its owner change nothing. Memory gets
 * what the disk would give: the data has been through JSON and through `decode`.
 * @throws TypeError when it cannot be stored as it is
 */
export function prepareAppend(append: StreamAppend, decode: DecodeEventData): PreparedAppend {
  requireName('stream', append.stream);
  if (!Number.isSafeInteger(append.expectedRevision) || append.expectedRevision < NO_STREAM) {
    throw new TypeError(`expected revision ${append.expectedRevision} is neither a revision nor NO_STREAM`);
  }
  if (append.events.length === 0) throw new TypeError(`nothing to append to ${append.stream}`);
  return {
    stream: append.stream,
    expectedRevision: append.expectedRevision,
    events: append.events.map((event) => prepareEvent(event, decode)),
  };
}

function prepareEvent({ type, data, metadata }: EventToAppend, decode: DecodeEventData): PreparedEvent {
  requireName('event type', type);
  requireFlat(type, metadata);
  const dataText = JSON.stringify(data) as string | undefined;
  if (dataText === undefined) throw new TypeError(`the data of ${type} has no JSON form`);
  if (dataText.length > MOST_CHARACTERS) {
    throw new TypeError(`the data of ${type} is ${dataText.length} characters long; ${MOST_CHARACTERS} are allowed`);
  }
  const metadataText = JSON.stringify(metadata);
  // Flat text, as was just made sure: a copy is what JSON would give back.
  const kept = { ...metadata };
  return {
    type,
    dataText,
    metadataText,
    data: decode(type, Number(kept.schemaVersion), JSON.parse(dataText)),
    metadata: kept,
  };
}

function requireName(what: string, name: unknown): void {
  if (typeof name !== 'string' || name === '' || name.includes('\0') || !name.isWellFormed()) {
    throw new TypeError(`${what} ${JSON.stringify(name)} is not a name`);
  }
}

function requireFlat(type: string, metadata: EventMetadata): void {
  if (typeof metadata.eventId !== 'string' || metadata.eventId === '') throw new TypeError(`${type} has no event id`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw new TypeError(`metadata ${key} of ${type} is not a string`);
  }
}
