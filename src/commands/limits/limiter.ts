import { builtInRules } from '../../domain/limits/built-in.ts';
import { decideLimit, type LimitedUse } from '../../domain/limits/decide-limit.ts';
import type { LimitRule } from '../../domain/limits/rule.ts';
import type { RateLimits } from '../../ports/coordination.ts';
import { RateLimited, type Limiter, type Taken } from '../../ports/limiter.ts';

export interface LimiterOptions {
  readonly rateLimits: RateLimits;
  /** Those that are in force now. The same list while none changes. */
  readonly rules: () => readonly LimitRule[];
  /** False: only failed logins are limited, as they are in a new installation. */
  readonly enforced: boolean;
  /** Told the name of each rule that had no room. */
  readonly refused?: (rule: string) => void;
}

const nothing: Taken = { budgets: [], giveBack: () => Promise.resolve() };
const onlyLogins: readonly LimitRule[] = builtInRules.filter(({ classes }) => classes.includes('login'));

/** Costs nothing, and shows who counts. */
const question = [{ key: 'limit:status', limit: 1, windowMs: 1000, cost: 0 }];

/** Counts every use of this process by the rules, together with the other processes where they share what they count. */
export function createLimiter({ rateLimits, rules, enforced, refused }: LimiterOptions): Limiter {
  const inForce = (): readonly LimitRule[] => (enforced ? rules() : onlyLogins);

  async function take(use: LimitedUse, part: 'all' | 'by-tool' = 'all'): Promise<Taken> {
    const all = decideLimit(inForce(), use);
    const budgets = part === 'all' ? all : all.filter(({ byTool }) => byTool);
    if (budgets.length === 0) return nothing;
    const asked = budgets.map(({ key, limit, windowMs, cost }) => ({ key: `limit:${key}`, limit, windowMs, cost }));
    const { allowed, states, giveBack } = await rateLimits.take(asked);
    const left = budgets.map(({ name, limit, windowMs }, index) => {
      const state = states[index];
      if (!state) throw new Error('each limit that was asked about has a state');
      return { name, limit, windowMs, ...state };
    });
    if (!allowed) {
      for (const { name, retryMs } of left) if (retryMs > 0) refused?.(name);
      throw new RateLimited(left);
    }
    return { budgets: left, giveBack };
  }

  return {
    take,
    async status() {
      const { shared } = await rateLimits.take(question);
      return { enforced, shared, rules: inForce().filter(({ enabled }) => enabled).length };
    },
  };
}
