import type { BudgetState, RateLimited } from '../../ports/limiter.ts';

/**
 * What is left, and of what: structured fields, a member for each budget (draft-ietf-httpapi-ratelimit-headers-10). `q` is
 * the limit, `w` its window; `r` is what remains, and after `t` some of what is used is free again; both times in seconds.
 */
export function limitHeaders(budgets: readonly BudgetState[]): Readonly<Record<string, string>> {
  if (budgets.length === 0) return {};
  let left = '';
  let policy = '';
  for (const { name, limit, windowMs, remaining, resetMs } of budgets) {
    const separator = left === '' ? '' : ', ';
    left += `${separator}"${name}";r=${remaining};t=${secondsOf(resetMs)}`;
    policy += `${separator}"${name}";q=${limit};w=${windowMs / 1000}`;
  }
  return { RateLimit: left, 'RateLimit-Policy': policy };
}

/** Seconds until the same use fits (RFC 9110, 10.2.3). */
export function retryAfter({ retryMs }: RateLimited): string {
  return String(Math.max(1, secondsOf(retryMs)));
}

function secondsOf(ms: number): number {
  return Math.ceil(ms / 1000);
}
