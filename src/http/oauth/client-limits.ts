import { hash } from 'node:crypto';
import type { RateLimits } from '../../ports/coordination.ts';
import { HttpProblem } from '../problem/http-problem.ts';

/** How many clients may register themselves, before anybody has signed in. */
export interface ClientLimits {
  /** From one address, in an hour. */
  readonly perAddress: number;
  /** From everywhere, in a day. */
  readonly perDay: number;
  /** How long one stays that nobody lets in. With `perDay` it says how many of those there are at most. */
  readonly unusedForMs: number;
}

const hour = 60 * 60_000;
const day = 24 * hour;

export const defaultClientLimits: ClientLimits = { perAddress: 30, perDay: 1000, unusedForMs: day };

/** Counts a registration, over all processes that share the limits. @throws HttpProblem 429 */
export async function limitRegistrations(
  rateLimits: RateLimits,
  { perAddress, perDay }: ClientLimits,
  address: string,
): Promise<void> {
  const { allowed, states } = await rateLimits.take([
    { key: `oauth:register:${hash('sha256', address, 'base64url')}`, limit: perAddress, windowMs: hour },
    { key: 'oauth:register', limit: perDay, windowMs: day },
  ]);
  if (allowed) return;
  const waitMs = Math.max(...states.map(({ retryMs }) => retryMs));
  const headers = { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) };
  throw new HttpProblem(429, 'too_many_attempts', 'too many clients were registered; try again later', { headers });
}
