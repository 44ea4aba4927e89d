import type { EventStore, Position } from '../../ports/event-store.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import type { Topic } from './topics.ts';

/** Where a reader of a topic begins. @throws HttpProblem 422 the position lies beyond the end of the log */
export async function startOf(store: EventStore, topic: Topic, asked: Position | undefined): Promise<Position> {
  if (asked === undefined && topic.startsAt === 'beginning') return 0;
  const head = await store.head();
  if (asked === undefined) return head;
  if (asked > head) {
    const faults = [{ pointer: '/after', detail: `lies beyond the end of the log, which is ${head}` }];
    throw new HttpProblem(422, 'position_unknown', 'there is no such position in this log', { faults });
  }
  return asked;
}

/** `Last-Event-ID` of a browser that comes back. @throws HttpProblem 422 */
export function lastEventId(header: string | string[] | undefined): Position | undefined {
  if (header === undefined || header === '') return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  const faults = [{ pointer: '/Last-Event-ID', detail: 'must be a position in the log', in: 'header' }] as const;
  throw new HttpProblem(422, 'invalid_input', 'Last-Event-ID cannot be understood', { faults });
}
