import type { Versioned } from '../../queries/deps.ts';
import type { ExecutionResource } from '../../queries/executions/resource.ts';
import { entityTag, type JsonAnswer } from '../answer.ts';
import { HttpProblem } from '../problem/http-problem.ts';

/** What a call that ended without a tool's answer comes to. An error code that is not here is the server's doing: 502. */
const statusOfError: ReadonlyMap<string, number> = new Map([
  ['tool_quarantined', 409],
  ['invalid_arguments', 422],
  ['upstream_refused', 422],
  ['tool_schema_unusable', 422],
  ['result_not_stored', 503],
]);

/**
 * The answer to a call that has ended: the execution when the tool answered, its own errors included, or the call was
 * cancelled. @throws HttpProblem the tool was not reached, or its answer cannot be used
 */
export function executionAnswer({ resource, revision, position }: Versioned<ExecutionResource>): JsonAnswer {
  const { id, status, error } = resource;
  const location = { Location: `/api/v1/executions/${id}` };
  if (error === undefined || error.code === 'tool_error' || status === 'cancelled') {
    return { status: 200, body: resource, revision, position, headers: location };
  }
  const httpStatus = status === 'timed_out' ? 504 : (statusOfError.get(error.code) ?? 502);
  throw new HttpProblem(httpStatus, error.code, error.message, {
    ...(error.faults === undefined ? {} : { faults: error.faults }),
    headers: { ...location, ETag: entityTag(revision) },
    position,
    extensions: { executionId: id },
  });
}
