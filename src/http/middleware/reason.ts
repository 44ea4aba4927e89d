import { HttpProblem } from '../problem/http-problem.ts';

const longest = 500;

/**
 * Why the caller does this, from `X-Reason`: UTF-8, up to 500 characters, none of them a control character. Undefined when
 * there is none. @throws HttpProblem 422
 */
export function reasonOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined || header === '') return undefined;
  const given = Array.isArray(header) ? header.join(', ') : header;
  // Node reads headers as Latin-1.
  const reason = utf8(Buffer.from(given, 'latin1'))?.trim();
  if (reason === '') return undefined;
  if (reason === undefined || reason.length > longest || /\p{Cc}/u.test(reason)) {
    const detail = `must be UTF-8 text of at most ${longest} characters without control characters`;
    const faults = [{ pointer: '/X-Reason', detail, in: 'header' }] as const;
    throw new HttpProblem(422, 'invalid_input', 'X-Reason cannot be understood', { faults });
  }
  return reason;
}

function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}
