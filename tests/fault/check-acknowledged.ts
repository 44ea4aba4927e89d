import type { EventStore, RecordedEvent } from '../../src/ports/event-store.ts';
import { readOn } from '../contract/event-store/helpers.ts';
import type { AcknowledgedCommand } from './server-load.ts';

const ends = new Set(['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionTimedOut', 'ExecutionCancelled']);

/**
 * Compares the log with what clients of the server were told: each command's last event stands where the answer said,
 * at the revision that the answer said; each call has its three events, with what was asked and answered, and no message
 * was recorded for two calls; each version of an mcp is published once. Answers what is wrong, in words.
 */
export async function checkAcknowledged(
  store: Pick<EventStore, 'readAll'>,
  acknowledged: readonly AcknowledgedCommand[],
  after: number,
): Promise<string[]> {
  const { events } = await readOn(store, after);
  const byPosition = new Map(events.map((event) => [event.position, event]));
  const streams = Map.groupBy(events, ({ stream }) => stream);
  const findings: string[] = [];

  for (const { stream, position, revision, resource } of acknowledged) {
    const event = byPosition.get(position);
    if (event?.stream !== stream || event.revision !== revision) {
      const found = event === undefined ? 'nothing' : `revision ${event.revision} of ${event.stream}`;
      findings.push(`${stream} was acknowledged at ${position} with revision ${revision}; there is ${found}`);
    } else if ('tool' in resource) {
      findings.push(...faultsOfCall(stream, streams.get(stream) ?? [], resource));
    } else if (
      event.type === 'McpVersionPublished' &&
      (event.data as { version: number }).version !== resource.version
    ) {
      findings.push(`${stream} was acknowledged with version ${resource.version} at ${position}; another stands there`);
    }
  }
  const asked = events.flatMap(({ type, data }) => (type === 'ExecutionRequested' ? [messageOf(data)] : []));
  if (new Set(asked).size !== asked.length) findings.push('a call was recorded twice');
  return findings.slice(0, 20);
}

function faultsOfCall(
  stream: string,
  events: readonly RecordedEvent[],
  { arguments: given }: { readonly arguments: Readonly<Record<string, unknown>> },
): string[] {
  const types = events.map(({ type }) => type).join(' ');
  if (types !== 'ExecutionRequested ExecutionStarted ExecutionSucceeded') return [`${stream} has ${types}`];
  const [request, , end] = events;
  const answered = (end?.data as { result: { inline: { content: { text: string }[] } } }).result.inline.content[0]
    ?.text;
  const message = given['message'];
  return messageOf(request?.data) === message && answered === message ? [] : [`${stream} tells another call`];
}

function messageOf(data: unknown): unknown {
  return (data as { arguments: { message: unknown } }).arguments.message;
}

/** How the calls of the log ended, by stream; `open` for those that have not. */
export function endsOf(events: readonly RecordedEvent[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { stream, type, data } of events) {
    if (type === 'ExecutionRequested') found.set(stream, 'open');
    else if (type === 'ExecutionFailed') found.set(stream, (data as { error: { code: string } }).error.code);
    else if (ends.has(type)) found.set(stream, type);
  }
  return found;
}
