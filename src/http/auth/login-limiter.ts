import { LRUCache } from 'lru-cache';
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

interface Window {
  count: number;
  readonly endsAt: number;
}

/** Limits guessing: failures are counted for the account, for the address, and for both together. */
export interface LoginLimiter {
  /**
   * Counts an attempt as failed until it turns out good, so that many at once cannot slip through.
   * @throws HttpProblem 429
   */
  begin(username: string, address: string): Attempt;
  /** Does work that hashes a password, unless too much of it is under way. @throws HttpProblem 429 */
  hashing<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface Attempt {
  /** It was no guess: it does not count. */
  succeeded(): void;
}

/** @param clock milliseconds since the epoch */
export function createLoginLimiter(limits: LoginLimits, clock: () => number): LoginLimiter {
  const windows = new LRUCache<string, Window>({ max: 50_000 });
  let underWay = 0;
  const windowOf = (key: string): Window => {
    const known = windows.get(key);
    if (known && known.endsAt > clock()) return known;
    const window = { count: 0, endsAt: clock() + limits.windowMs };
    windows.set(key, window);
    return window;
  };
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
    begin(username, address) {
      const account = username.normalize('NFKC').toLowerCase();
      const counted = [
        { window: windowOf(`both ${address} ${account}`), limit: limits.perAccountAndAddress },
        { window: windowOf(`account ${account}`), limit: limits.perAccount },
        { window: windowOf(`address ${address}`), limit: limits.perAddress },
      ];
      const full = counted.find(({ window, limit }) => window.count >= limit);
      if (full) throw tooMany(full.limit, full.window.endsAt - clock(), limits.windowMs);
      for (const { window } of counted) window.count++;
      return {
        succeeded() {
          for (const { window } of counted) window.count--;
        },
      };
    },
  };
}

function tooMany(limit: number, leftMs: number, windowMs: number): HttpProblem {
  const seconds = Math.max(1, Math.ceil(leftMs / 1000));
  const headers = {
    'Retry-After': String(seconds),
    RateLimit: `"login";r=0;t=${seconds}`,
    'RateLimit-Policy': `"login";q=${limit};w=${windowMs / 1000}`,
  };
  return new HttpProblem(429, 'too_many_attempts', 'too many failed logins; wait before trying again', { headers });
}
