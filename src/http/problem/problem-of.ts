import { PreconditionFailed } from '../../commands/precondition-failed.ts';
import { DomainError, InsufficientScope, type RejectionKind } from '../../domain/error.ts';
import { UnknownPosition, WrongExpectedRevision } from '../../ports/event-store.ts';
import { RateLimited } from '../../ports/limiter.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import { UpstreamError, type UpstreamErrorCode } from '../../ports/upstream.ts';
import { limitHeaders, retryAfter } from '../limits/headers.ts';
import { HttpProblem } from './http-problem.ts';
import { parserProblem } from './parser-problem.ts';

const statusOfKind: Readonly<Record<RejectionKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unsupported: 501,
};

const statusOfUpstreamError: Readonly<Record<UpstreamErrorCode, number>> = {
  upstream_unavailable: 502,
  upstream_disconnected: 502,
  upstream_protocol_error: 502,
  upstream_error: 502,
  result_too_large: 502,
  tool_quarantined: 409,
  execution_timed_out: 504,
  execution_cancelled: 409,
  upstream_refused: 422,
};

/** What an error comes to for the client. What nobody foresaw is a 500 that tells nothing about the inside. */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof DomainError) return domainProblem(error);
  if (error instanceof PreconditionFailed) return new HttpProblem(412, 'precondition_failed', error.message);
  if (error instanceof RateLimited) {
    const headers = { ...limitHeaders(error.budgets), 'Retry-After': retryAfter(error) };
    return new HttpProblem(429, 'rate_limited', error.message, { headers });
  }
  if (error instanceof StoreUnavailable) {
    const headers = { 'Retry-After': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) };
    return new HttpProblem(503, 'store_unavailable', 'nothing was recorded; try again later', {
      headers,
      cause: error,
    });
  }
  if (error instanceof WrongExpectedRevision) {
    return new HttpProblem(409, 'conflict', 'others keep changing this resource; try again', { cause: error });
  }
  if (error instanceof UnknownPosition) {
    return new HttpProblem(422, 'position_unknown', 'there is no such position in this log', { cause: error });
  }
  if (error instanceof UpstreamError) {
    return new HttpProblem(statusOfUpstreamError[error.code], error.code, error.message, { cause: error });
  }
  return (
    parserProblem(error) ??
    new HttpProblem(500, 'internal_error', 'something went wrong here; the log has the details', { cause: error })
  );
}

/**
 * The challenge of RFC 6750; `error` is absent when no token was sent. Where the metadata of the resource is, the writer
 * of answers adds.
 */
export function challenge(
  error?: 'invalid_token' | 'insufficient_scope',
  scope?: string,
): Readonly<Record<string, string>> {
  const parts = ['Bearer realm="annals"'];
  if (error !== undefined) parts.push(`error="${error}"`);
  if (scope !== undefined) parts.push(`scope="${scope}"`);
  return { 'WWW-Authenticate': parts.join(', ') };
}

function domainProblem(error: DomainError): HttpProblem {
  return new HttpProblem(statusOfKind[error.kind], error.code, error.message, {
    faults: error.faults,
    headers: challengeOf(error),
  });
}

function challengeOf(error: DomainError): Readonly<Record<string, string>> {
  if (error.kind === 'unauthenticated') return challenge();
  return error instanceof InsufficientScope ? challenge('insufficient_scope', error.scope) : {};
}
