import type { EventStore, Position, RecordedEvent } from '../../src/ports/event-store.ts';

/** What a writer was told is recorded. A client of the server knows only the id, or only the position. */
export interface Acknowledged {
  readonly eventId: string;
  readonly position?: Position;
}

export interface CheckOptions {
  /** Everything up to here was checked before. */
  readonly after?: Position;
  /** Positions go up one by one; false for a log that promises only their order. */
  readonly contiguous?: boolean;
}

const MOST_FINDINGS = 20;

/**
 * Reads the log and compares it with what was acknowledged: each acknowledged event stands exactly once and where it
 * was said to stand, no event stands twice, positions rise without a gap, and the revisions of each stream go up one
 * by one and are read back the same from the stream. Answers what is wrong, in words; nothing when all is well.
 */
export async function checkRecord(
  store: Pick<EventStore, 'readAll' | 'readStream'>,
  acknowledged: Iterable<Acknowledged>,
  { after = 0, contiguous = true }: CheckOptions = {},
): Promise<string[]> {
  const findings: string[] = [];
  const positions = new Map<string, Position>();
  const streams = new Map<string, RecordedEvent[]>();
  let position = after;
  for (let end = false; !end;) {
    const slice = await store.readAll({ after: position, limit: 2_000 });
    for (const event of slice.events) {
      const { eventId } = event.metadata;
      if (event.position <= position) findings.push(`position ${event.position} follows ${position}`);
      if (contiguous && event.position !== position + 1)
        findings.push(`a gap between ${position} and ${event.position}`);
      if (positions.has(eventId))
        findings.push(`event ${eventId} stands at ${positions.get(eventId)} and ${event.position}`);
      position = event.position;
      positions.set(eventId, position);
      const stream = streams.get(event.stream);
      if (stream === undefined) streams.set(event.stream, [event]);
      else stream.push(event);
    }
    position = Math.max(position, slice.position);
    end = slice.end;
  }

  for (const { eventId, position: told } of acknowledged) {
    const found = positions.get(eventId);
    if (found === undefined) findings.push(`acknowledged event ${eventId} is missing`);
    else if (told !== undefined && told !== found)
      findings.push(`event ${eventId} was acknowledged at ${told}, not ${found}`);
  }
  for (const [stream, events] of streams) findings.push(...(await checkStream(store, stream, events, after)));
  return findings.slice(0, MOST_FINDINGS);
}

async function checkStream(
  store: Pick<EventStore, 'readStream'>,
  stream: string,
  events: readonly RecordedEvent[],
  after: Position,
): Promise<string[]> {
  const [first] = events;
  if (first === undefined) return [];
  const findings: string[] = [];
  if (after === 0 && first.revision !== 0) findings.push(`${stream} begins at revision ${first.revision}`);
  for (const [index, event] of events.entries()) {
    if (event.revision !== first.revision + index)
      findings.push(`${stream} has revision ${event.revision} at ${event.position}`);
  }
  const read = await store.readStream(stream, { from: first.revision });
  const same =
    read.length === events.length && read.every(({ position }, index) => position === events[index]?.position);
  if (!same) findings.push(`${stream} reads otherwise than the log`);
  return findings;
}
