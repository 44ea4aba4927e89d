import { hash } from 'node:crypto';
import type { RateLimits, RateState } from '../../ports/coordination.ts';
import { HttpProblem } from '../problem/http-problem.ts';

export interface LoginLimits {
  /** Failed logins of one account from one address, in one window. */
  readonly perAccountAndAddress: number;
  /** Of one account from anywhere: higher, so that a stranger cannot easily lock somebody out. */
  readonly perAccount: number;
  readonly perAddress: number;
  readonly windowMs: number;
  /** Passwords that are hashed or wait to be, from anybody: what comes beyond is sent away, not queued. */
  readonly atOnce: number;
}

export const defaultLoginLimits: LoginLimits = {
  perAccountAndAddress: 10,
  perAccount: 100,
  perAddress: 100,
  windowMs: 5 * 60_000,
  atOnce: 100,
};

/**
 * Limits guessing: failures are counted for the account, for the address, and for both together, over all processes that
 * share the limits.
 */
export interface LoginLimiter {
  /**
   * Counts an attempt as failed until it turns out good, so that many at once cannot slip through.
   * @throws HttpProblem 429
   */
  begin(username: string, address: string): Promise<Attempt>;
  /** Does work that hashes a password, unless too much of it is under way. @throws HttpProblem 429 */
  hashing<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface Attempt {
  /** It was no guess: it does not count. */
  succeeded(): Promise<void>;
}

export function createLoginLimiter(limits: LoginLimits, rateLimits: RateLimits): LoginLimiter {
  let underWay = 0;
  return {
    async hashing(work) {
      if (underWay >= limits.atOnce) {
        const headers = { 'Retry-After': '1' };
        throw new HttpProblem(429, 'too_many_attempts', 'too many passwords are being checked; try again', { headers });
      }
      underWay++;
      try {
        return await work();
      } finally {
        underWay--;
      }
    },
    async begin(username, address) {
      const { windowMs } = limits;
      const account = username.normalize('NFKC').toLowerCase();
      const counted = [
        { key: keyOf('both', `${address} ${account}`), limit: limits.perAccountAndAddress, windowMs },
        { key: keyOf('account', account), limit: limits.perAccount, windowMs },
        { key: keyOf('address', address), limit: limits.perAddress, windowMs },
      ];
      const { allowed, states, giveBack } = await rateLimits.take(counted);
      if (!allowed) throw tooMany(limits, states);
      return { succeeded: giveBack };
    },
  };
}

/** Names of people are told to no store besides the log. */
function keyOf(kind: string, text: string): string {
  return `login:${kind}:${hash('sha256', text, 'base64url')}`;
}

function tooMany(limits: LoginLimits, states: readonly RateState[]): HttpProblem {
  const waits = states.map(({ retryMs }) => retryMs);
  const full = waits.findIndex((ms) => ms > 0);
  const limit = [limits.perAccountAndAddress, limits.perAccount, limits.perAddress][full];
  const seconds = Math.max(1, Math.ceil(Math.max(...waits) / 1000));
  const headers = {
    'Retry-After': String(seconds),
    RateLimit: `"login";r=0;t=${seconds}`,
    'RateLimit-Policy': `"login";q=${limit ?? 0};w=${limits.windowMs / 1000}`,
  };
  return new HttpProblem(429, 'too_many_attempts', 'too many failed logins; wait before trying again', { headers });
}
