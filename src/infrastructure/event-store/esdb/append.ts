import { randomUUID } from 'node:crypto';
import { NO_STREAM as NO_STREAM_YET, WrongExpectedVersionError } from '@eventstore/db-client';
import { NO_STREAM, WrongExpectedRevision } from '../../../ports/event-store.ts';
import type { AppendResult, DecodeEventData } from '../../../ports/event-store.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../../ports/unavailable.ts';
import type { PreparedAppend } from '../prepared-append.ts';
import type { Connection } from './connection.ts';
import { isPassing } from './failure.ts';
import { readStreamEvents } from './reads.ts';
import { eventDataOf, type EventData, type OwnEvent } from './stored-event.ts';
import { retrying } from './timing.ts';

/**
 * Appends and reads back what stands there: only that tells the positions of several events, and whether this append
 * wrote them or an earlier one with the same event ids. Sending it again after an unknown outcome is safe: the server
 * records the same ids at the same revision once.
 * @throws WrongExpectedRevision, StoreUnavailable, OutcomeUnknown, TypeError
 */
export async function appendEvents(
  connection: Connection,
  decode: DecodeEventData,
  prepared: PreparedAppend,
): Promise<AppendResult> {
  const appendId = randomUUID();
  const events = eventDataOf(prepared, appendId);
  const inDoubt = (error: unknown): unknown => {
    if (!(error instanceof StoreUnavailable) || !isPassing(error)) return error;
    return new OutcomeUnknown(error, async () => {
      const there = await readBack(connection, decode, prepared);
      return there?.at(-1)?.appendId === appendId;
    });
  };
  try {
    await retrying(connection.timing, () => send(connection, prepared, events));
  } catch (error) {
    if (!isPassing(error)) throw error;
    // Nobody knows whether an attempt was recorded; the stream does, when it can be read.
    const recorded = await readBack(connection, decode, prepared).catch(() => {
      throw inDoubt(error);
    });
    if (recorded === undefined) throw error;
    return resultOf(recorded, appendId);
  }
  const readingBack = retrying(connection.timing, async () => {
    const there = await readBack(connection, decode, prepared);
    if (there === undefined) throw new StoreUnavailable(`${prepared.stream} does not show yet what was appended`);
    return there;
  });
  const recorded = await readingBack.catch((error: unknown) => {
    throw inDoubt(error);
  });
  return resultOf(recorded, appendId);
}

async function send(
  { client, timing }: Connection,
  { stream, expectedRevision }: PreparedAppend,
  events: EventData[],
): Promise<void> {
  try {
    await client.appendToStream(stream, events, {
      expectedRevision: expectedRevision === NO_STREAM ? NO_STREAM_YET : BigInt(expectedRevision),
      requiresLeader: true,
      deadline: timing.callMs,
    });
  } catch (error) {
    if (!(error instanceof WrongExpectedVersionError)) throw error;
    const { actualVersion } = error;
    const actual = typeof actualVersion === 'bigint' ? Number(actualVersion) : NO_STREAM;
    throw new WrongExpectedRevision(stream, expectedRevision, actual);
  }
}

/** What stands where these events go, when it is they. */
async function readBack(
  connection: Connection,
  decode: DecodeEventData,
  { stream, expectedRevision, events }: PreparedAppend,
): Promise<readonly OwnEvent[] | undefined> {
  const from = expectedRevision + 1;
  const there = await readStreamEvents(connection, decode, stream, { from, limit: events.length });
  const same = events.every(({ metadata }, index) => there[index]?.event.metadata.eventId === metadata.eventId);
  return same ? there : undefined;
}

function resultOf(recorded: readonly OwnEvent[], appendId: string): AppendResult {
  const last = recorded.at(-1);
  if (last === undefined) throw new Error('an append of no events was recorded');
  const { position, revision } = last.event;
  return { position, revision, events: recorded.map(({ event }) => event), repeated: last.appendId !== appendId };
}
