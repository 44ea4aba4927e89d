import { BACKWARDS, END, FORWARDS, START } from '@eventstore/db-client';
import {
  UnknownPosition,
  type AllSlice,
  type DecodeEventData,
  type EventFilter,
  type Position,
} from '../../../ports/event-store.ts';
import { matcherOf } from '../event-matcher.ts';
import type { StreamRead } from '../read-options.ts';
import type { Connection } from './connection.ts';
import { ownEventOf, positionOf, type OwnEvent } from './stored-event.ts';
import { retrying } from './timing.ts';

/** Events considered by one read, whatever the filter admits: the client has no filtered reads. */
const LEAST_WINDOW = 64;
const FILTERED_WINDOW = 2_000;
const WIDEST_WINDOW = 1_000;
const BACKWARD_PAGE = 100;

/** Events of a stream, from the leader: what was answered as recorded is there. */
export async function readStreamEvents(
  connection: Connection,
  decode: DecodeEventData,
  stream: string,
  { from, limit = Number.MAX_SAFE_INTEGER, direction = 'forward' }: StreamRead,
): Promise<OwnEvent[]> {
  const backward = direction === 'backward';
  return retrying(connection.timing, async () => {
    const events: OwnEvent[] = [];
    const options = {
      direction: backward ? BACKWARDS : FORWARDS,
      fromRevision: from === undefined ? (backward ? END : START) : BigInt(from),
      maxCount: limit,
      requiresLeader: true,
    } as const;
    await connection.read(
      (client) => client.readStream(stream, options),
      (resolved) => {
        const own = ownEventOf(resolved, decode);
        if (own !== undefined) events.push(own);
        return true;
      },
    );
    return events;
  });
}

/** The slice after a position. What the filter leaves out is left out here: the server sends it all. */
export async function readSlice(
  connection: Connection,
  decode: DecodeEventData,
  options: { after: Position; limit: number; filter?: EventFilter },
): Promise<AllSlice> {
  const slice = await readOwnSlice(connection, decode, options);
  return { ...slice, events: slice.events.map(({ event }) => event) };
}

/** The same with what the server says of each event besides. */
export async function readOwnSlice(
  connection: Connection,
  decode: DecodeEventData,
  { after, limit, filter }: { after: Position; limit: number; filter?: EventFilter },
): Promise<Omit<AllSlice, 'events'> & { readonly events: readonly OwnEvent[] }> {
  const matches = matcherOf(filter);
  const wanted = matches === undefined ? Math.min(Math.max(limit, LEAST_WINDOW), WIDEST_WINDOW) : FILTERED_WINDOW;
  // The server begins with the event at the position itself, which was seen.
  const maxCount = wanted + 1;
  const readFrom = (fromPosition: ReturnType<typeof fromPositionOf>) =>
    retrying(connection.timing, async () => {
      const events: OwnEvent[] = [];
      let position = after;
      let considered = 0;
      await connection.read(
        (client) => client.readAll({ direction: FORWARDS, fromPosition, maxCount }),
        (resolved) => {
          considered++;
          const here = positionOf(resolved);
          if (here === undefined || here <= after) return true;
          const own = ownEventOf(resolved, decode);
          if (own !== undefined && (matches === undefined || matches(own.event))) events.push(own);
          position = here;
          return events.length < limit;
        },
      );
      return { events, position, end: considered < maxCount && events.length < limit };
    });
  try {
    return await readFrom(fromPositionOf(after));
  } catch (error) {
    if (!(error instanceof UnknownPosition)) throw error;
    // No event stands there: it may be the number before an event's.
    return readFrom(fromPositionOf(after + 1));
  }
}

/** The last event that `admits`, looking backward from the end and not below `floor`. Takes as long as it looks far. */
export async function lastOwnEvent(
  connection: Connection,
  decode: DecodeEventData,
  admits: (own: OwnEvent) => boolean,
  floor: Position = 0,
): Promise<OwnEvent | undefined> {
  let found: OwnEvent | undefined;
  let before: Position | undefined;
  for (let finished = false; !finished;) {
    await retrying(connection.timing, async () => {
      let considered = 0;
      let reached = false;
      const fromPosition = before === undefined ? END : fromPositionOf(before);
      await connection.read(
        (client) => client.readAll({ direction: BACKWARDS, fromPosition, maxCount: BACKWARD_PAGE }),
        (resolved) => {
          considered++;
          const here = positionOf(resolved);
          if (here !== undefined && here <= floor) reached = true;
          if (reached) return false;
          before = here ?? before;
          const own = ownEventOf(resolved, decode);
          if (own !== undefined && admits(own)) found = own;
          return found === undefined;
        },
      );
      finished = found !== undefined || reached || considered < BACKWARD_PAGE;
    });
  }
  return found;
}

/** The server's words for a position; commit and prepare are equal for every event that this platform writes. */
export function fromPositionOf(after: Position): typeof START | { commit: bigint; prepare: bigint } {
  if (after === 0) return START;
  const commit = BigInt(after - 1);
  return { commit, prepare: commit };
}
