import { HttpProblem } from '../problem/http-problem.ts';

/** The `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header). @throws HttpProblem 422 */
export function idempotencyKeyOf(header: string | string[] | undefined): string {
  if (typeof header === 'string' && /^[\x20-\x7e]{1,255}$/.test(header)) return header;
  const detail = 'must be 1 to 255 printable ASCII characters';
  const faults = [{ pointer: '/Idempotency-Key', detail, in: 'header' }] as const;
  throw new HttpProblem(422, 'invalid_input', 'the Idempotency-Key cannot be used', { faults });
}
