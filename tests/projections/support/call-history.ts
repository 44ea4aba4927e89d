import type { ExecutionEvent } from '../../../src/domain/execution/events.ts';
import type { EventStore, EventToAppend, StreamAppend } from '../../../src/ports/event-store.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';

/** Appended at a time: one transaction of the log. */
const CALLS_TOGETHER = 200;

const WORDS =
  'order invoice customer payment delivery account search report weather translate summary 版本 控制 数据'.split(' ');

/** Appends calls of tools as they look when they succeed, three events each, until the log has so many events more. */
export async function appendCalls(store: EventStore, events: number, from = 0): Promise<void> {
  const calls = Math.ceil(events / 3);
  for (let call = 0; call < calls; call += CALLS_TOGETHER) {
    const count = Math.min(CALLS_TOGETHER, calls - call);
    await store.appendMany(Array.from({ length: count }, (_, index) => callOf(from + call + index)));
  }
}

/** The whole stream of one call; the same number gives the same stream. */
export function callOf(number: number): StreamAppend {
  const id = idOf(number);
  const at = (ms: number): string => new Date(1_767_225_600_000 + number * 250 + ms).toISOString();
  const event = ({ type, data }: ExecutionEvent, index: number): EventToAppend => ({
    type,
    data,
    metadata: {
      eventId: `${id.slice(0, -1)}${index}`,
      commandId: `${id.slice(0, -2)}${index}f`,
      actor: `user:${idOf(number % 50)}`,
      tenant: 'default',
      correlationId: idOf(number + 7),
      schemaVersion: type === 'ExecutionRequested' ? '2' : '1',
      occurredAt: at(index * 5),
      remoteAddress: '127.0.0.1',
    },
  });
  const words = Array.from({ length: 12 }, (_, index) => WORDS[(number * 7 + index * index) % WORDS.length]).join(' ');
  return {
    stream: `execution-${id}`,
    expectedRevision: NO_STREAM,
    events: [
      event(
        {
          type: 'ExecutionRequested',
          data: {
            mcpId: idOf(number % 20),
            mcpName: `server-${number % 20}`,
            mcpVersion: 1,
            tool: `tool_${number % 100}`,
            arguments: { query: words, limit: number % 10 },
            mode: 'sync',
            timeoutMs: 30_000,
            requestedBy: idOf(number % 50),
          },
        },
        0,
      ),
      event({ type: 'ExecutionStarted', data: { attempt: 1 } }, 1),
      event(
        {
          type: 'ExecutionSucceeded',
          data: {
            result: { inline: { content: [{ type: 'text', text: `Found ${number} for ${words}: nothing else.` }] } },
            durationMs: 12,
          },
        },
        2,
      ),
    ],
  };
}

/** An id that looks like a UUIDv7 and grows with the number. */
function idOf(number: number): string {
  const hex = (0x0190_0000_0000 + number).toString(16).padStart(12, '0');
  const tail = ((number * 2_654_435_761) % 0xffff_ffff).toString(16).padStart(8, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${tail}0000`;
}
