import { mkdirSync } from 'node:fs';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { NO_STREAM, type StreamAppend } from '../../src/ports/event-store.ts';
import { recordedAs } from './recorded-as.ts';
import { openSealedLogIn } from './sealed-log-in.ts';

/** Streams in one append. */
const batch = 500;

/**
 * Writes a log of streams as the platform would have recorded them: by default calls, three events for each, of the size
 * that a small tool makes. @returns how many events there are
 */
export async function seedLog(
  dataDir: string,
  events: number,
  streamOf: (n: number) => StreamAppend = callStream,
): Promise<number> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = openSealedLogIn(dataDir);
  const streams = Math.ceil(events / streamOf(0).events.length);
  for (let first = 0; first < streams; first += batch) {
    const count = Math.min(batch, streams - first);
    await store.appendMany(Array.from({ length: count }, (_, index) => streamOf(first + index)));
  }
  const head = await store.head();
  await store.close();
  return head;
}

const mcpId = uuidv7();
const start = Date.parse('2026-01-01T00:00:00Z');

export function callStream(n: number): StreamAppend {
  const id = uuidv7();
  const at = new Date(start + n * 1000).toISOString();
  const user = `user:${uuidv5(String(n % 50), mcpId)}`;
  const event = recordedAs(id, user, at);
  const request = {
    mcpId,
    mcpName: 'fast',
    mcpVersion: 1,
    tool: n % 2 === 0 ? 'echo' : 'add',
    arguments: { message: `hello ${n}`, city: 'Zürich', note: '会议记录' },
    mode: 'sync',
    timeoutMs: 30_000,
    requestedBy: user,
  };
  const result = { inline: { content: [{ type: 'text', text: `the answer to hello ${n} is hello ${n} again` }] } };
  return {
    stream: `execution-${id}`,
    expectedRevision: NO_STREAM,
    events: [
      event(0, 'ExecutionRequested', request),
      event(1, 'ExecutionStarted', { attempt: 1 }),
      event(2, 'ExecutionSucceeded', { result, durationMs: 3 }),
    ],
  };
}
