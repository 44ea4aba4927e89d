import { DomainError } from '../../domain/error.ts';
import type { Position } from '../../ports/event-store.ts';
import { HttpProblem } from '../problem/http-problem.ts';

export function isNotFound(error: unknown): boolean {
  return error instanceof DomainError && error.kind === 'not_found';
}

/** The answer of a model that has not found a resource, and does not have yet what the caller wrote: 503. */
export function modelBehind(position: Position, cause: unknown): HttpProblem {
  const headers = { 'Retry-After': '1', 'X-Read-Position': String(position) };
  const detail = 'it was not found, and the read model does not have yet all that you asked to see; try again later';
  return new HttpProblem(503, 'read_model_behind', detail, { headers, cause });
}
