export interface BackoffOptions {
  /** Milliseconds after the first failure. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after a number of failures in a row: doubled each time up to a limit, and spread over the upper half
 * so that many do not come back at the same moment ("equal jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffDelay(failures: number, { firstMs, maxMs }: BackoffOptions, random: () => number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
