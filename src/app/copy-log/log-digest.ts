import { createHash } from 'node:crypto';
import type { EventStore, RecordedEvent } from '../../ports/event-store.ts';

export interface LogDigest {
  readonly events: number;
  /** Lower-case hex SHA-256 over every event in log order: its stream, revision, type, data and metadata. */
  readonly sha256: string;
}

const SLICE = 1_000;

/** Reads a whole log and hashes what an event store must keep. Positions are left out: each store has its own. */
export async function digestOf(
  log: Pick<EventStore, 'readAll'>,
  onProgress: (events: number) => void = () => undefined,
): Promise<LogDigest> {
  const hash = createHash('sha256');
  let events = 0;
  for (let after = 0; ;) {
    const slice = await log.readAll({ after, limit: SLICE });
    for (const event of slice.events) hash.update(lineOf(event));
    events += slice.events.length;
    onProgress(events);
    if (slice.end) return { events, sha256: hash.digest('hex') };
    after = slice.position;
  }
}

/** The event as one line of JSON, metadata in the order of its names. */
export function lineOf({ stream, revision, type, data, metadata }: RecordedEvent): string {
  const facts = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `${JSON.stringify([stream, revision, type, data, facts])}\n`;
}
