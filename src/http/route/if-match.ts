import type { Revision } from '../../ports/event-store.ts';
import { HttpProblem } from '../problem/http-problem.ts';

const strongTag = /^"([^"]*)"$/;

/**
 * The revision that `If-Match` asks for; undefined when it asks for none, or for any (`*`).
 * @throws HttpProblem 412 for a tag that no resource of this API has; 422 for what is no tag, or several
 */
export function expectedRevisionOf(header: string | undefined): Revision | undefined {
  const value = header?.trim();
  if (value === undefined || value === '*') return undefined;
  const tag = strongTag.exec(value)?.[1];
  if (tag !== undefined && /^\d{1,15}$/.test(tag)) return Number(tag);
  // Weak tags never match here (RFC 9110, 13.1.1).
  if (tag !== undefined || /^W\/"[^"]*"$/.test(value)) {
    throw new HttpProblem(412, 'precondition_failed', 'the resource has another revision');
  }
  const faults = [
    { pointer: '/If-Match', detail: 'must be one entity tag in double quotes, or *', in: 'header' },
  ] as const;
  throw new HttpProblem(422, 'invalid_input', 'If-Match cannot be understood', { faults });
}
