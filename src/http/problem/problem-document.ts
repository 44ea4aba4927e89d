import { STATUS_CODES } from 'node:http';
import type { HttpProblem, RequestFault } from './http-problem.ts';

/** Problem details (RFC 9457) with this API's extensions. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  /** Stable snake_case that programs match on. */
  readonly code: string;
  readonly errors?: readonly RequestFault[];
  readonly correlationId: string;
  readonly [extension: string]: unknown;
}

export const problemMediaType = 'application/problem+json';

/** @param instance path of the request, without its query */
export function problemDocument(problem: HttpProblem, instance: string, correlationId: string): ProblemDocument {
  return {
    ...problem.extensions,
    type: `urn:annals:problem:${problem.code}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    instance,
    code: problem.code,
    ...(problem.faults.length > 0 ? { errors: problem.faults } : {}),
    correlationId,
  };
}
