import type { ResolvedEvent } from '@eventstore/db-client';
import type { EventMetadata } from '../../../domain/event.ts';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import type { DecodeEventData, Position, RecordedEvent } from '../../../ports/event-store.ts';
import { decodedEvent } from '../decoded-event.ts';
import type { PreparedAppend } from '../prepared-append.ts';

/** Kept in the metadata: which append wrote the event. It tells an append that was repeated from one that was not. */
const APPEND_ID = 'appendId';

/** As the client takes it; its text is made of `data` as JSON. */
export interface EventData {
  readonly id: string;
  readonly type: string;
  readonly contentType: 'application/json';
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
}

/** An event of this platform, and the append that wrote it. */
export interface OwnEvent {
  readonly event: RecordedEvent;
  readonly appendId: string | undefined;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly createdMs: number;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws TypeError an event id is no UUID, which the server requires */
export function eventDataOf({ events }: PreparedAppend, appendId: string): EventData[] {
  return events.map(({ type, dataText, metadata }) => {
    if (!UUID.test(metadata.eventId)) throw new TypeError(`event id ${JSON.stringify(metadata.eventId)} is no UUID`);
    return {
      id: metadata.eventId,
      type,
      contentType: 'application/json',
      // Any JSON value, as the server takes it; only the client's types want an object.
      data: JSON.parse(dataText) as Record<string, unknown>,
      metadata: { ...metadata, [APPEND_ID]: appendId },
    };
  });
}

/**
 * Position 0 stands before everything, and the server's first event may stand at 0: one is added. Only the commit
 * position is looked at (docs/decisions/eventstoredb.md).
 */
export function positionOf({ event }: ResolvedEvent): Position | undefined {
  const commit = event?.position?.commit;
  return commit === undefined || commit >= BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(commit) + 1;
}

/**
 * The event, when this platform wrote it: its metadata is flat text and names the event's id. Events of the server itself
 * and of other applications are not ours.
 * @throws EngineUnfit the server does not tell where the event stands
 */
export function ownEventOf(resolved: ResolvedEvent, decode: DecodeEventData): OwnEvent | undefined {
  const { event: stored } = resolved;
  if (stored === undefined || !stored.isJson || stored.streamId.startsWith('$') || stored.type.startsWith('$')) {
    return undefined;
  }
  const kept: unknown = stored.metadata;
  if (!isFlat(kept) || kept['eventId'] !== stored.id) return undefined;
  const { [APPEND_ID]: appendId, ...metadata } = kept;
  const position = positionOf(resolved);
  if (position === undefined) {
    throw new EngineUnfit('EventStoreDB 22.6 or newer is needed: older ones do not tell the positions of a stream');
  }
  const event = decodedEvent(
    { position, stream: stored.streamId, revision: Number(stored.revision), type: stored.type },
    // Whatever writes an event id writes the rest: appends of this adapter are the only ones that do.
    metadata as Readonly<Record<string, string>> & EventMetadata,
    () => stored.data,
    decode,
  );
  return { event, appendId, createdMs: stored.created.getTime() };
}

function isFlat(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}
