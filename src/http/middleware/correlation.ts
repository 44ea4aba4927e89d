import { randomUUID } from 'node:crypto';

const sane = /^[\x21-\x7e]{1,128}$/;
const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** The caller's `X-Correlation-Id` when it is printable and at most 128 characters long, else a new one. */
export function correlationIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && sane.test(header) ? header : randomUUID();
}

/** This server's place in the caller's trace (W3C Trace Context), or in a new trace when the caller named none. */
export function traceparentOf(header: string | string[] | undefined): string {
  const caller = typeof header === 'string' ? traceparentPattern.exec(header) : null;
  const random = randomUUID();
  const span = random.slice(0, 8) + random.slice(24, 32);
  if (caller) return `00-${caller[1]}-${span}-${caller[2]}`;
  return `00-${randomUUID().replaceAll('-', '')}-${span}-01`;
}
