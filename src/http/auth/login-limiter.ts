import { hash } from 'node:crypto';
import { RateLimited, type Limiter } from '../../ports/limiter.ts';
import { limitHeaders, retryAfter } from '../limits/headers.ts';
import { HttpProblem } from '../problem/http-problem.ts';

/** Passwords that are hashed or wait to be, from anybody: what comes beyond is sent away, not queued. */
const atOnce = 100;

/**
 * Limits guessing: failures are counted by the rules for failed logins, for the account, for the address, and for both
 * together, over all processes that share the limits.
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

export function createLoginLimiter(limiter: Limiter): LoginLimiter {
  let underWay = 0;
  return {
    async hashing(work) {
      if (underWay >= atOnce) {
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
      const use = { routeClass: 'login', principal: 'anonymous', roles: [], address, cost: 1 } as const;
      try {
        const { giveBack } = await limiter.take({ ...use, account: accountOf(username) });
        return { succeeded: giveBack };
      } catch (error) {
        throw error instanceof RateLimited ? tooMany(error) : error;
      }
    },
  };
}

/** One for all spellings of a name. Names of people are told to no store besides the log. */
function accountOf(username: string): string {
  return hash('sha256', username.normalize('NFKC').toLowerCase(), 'base64url');
}

function tooMany(limited: RateLimited): HttpProblem {
  // Of the rules, those that are used up: how near an account is to the others is nobody's business.
  const full = limited.budgets.filter(({ retryMs }) => retryMs > 0);
  const headers = { ...limitHeaders(full), 'Retry-After': retryAfter(limited) };
  return new HttpProblem(429, 'too_many_attempts', 'too many failed logins; wait before trying again', { headers });
}
