import { LRUCache } from 'lru-cache';
import type { RateLimit, RateState } from '../../ports/coordination.ts';

/** Uses within one such part of the window are counted together, from the first of them. */
export const PARTS = 60;

/** Keys that are counted at most; the one that was used least lately goes first. */
const MOST_KEYS = 50_000;

/** What was used, by when: milliseconds, in order. */
type Uses = Map<number, number>;

export interface LocalAnswer {
  readonly allowed: boolean;
  readonly states: readonly RateState[];
  readonly giveBack: () => Promise<void>;
}

/** Limits as one process counts them. */
export interface LocalRateLimits {
  take(limits: readonly RateLimit[]): LocalAnswer;
}

/** @param now milliseconds on a clock that never goes back */
export function createLocalRateLimits(now: () => number): LocalRateLimits {
  const usesByKey = new LRUCache<string, Uses>({ max: MOST_KEYS });

  function usesOf({ key, windowMs }: RateLimit, at: number): Uses {
    const uses = usesByKey.get(key) ?? new Map<number, number>();
    for (const since of uses.keys()) if (since + windowMs <= at) uses.delete(since);
    return uses;
  }

  return {
    take(limits) {
      const at = now();
      const asked = limits.map((limit) => ({ limit, uses: usesOf(limit, at) }));
      const allowed = asked.every(({ limit, uses }) => fits(limit, uses));
      const given = allowed ? asked.map(({ limit, uses }) => ({ limit, uses, since: use(limit, uses, at) })) : [];
      for (const { limit, uses } of given) usesByKey.set(limit.key, uses);
      return {
        allowed,
        states: asked.map(({ limit, uses }) => stateOf(limit, uses, at, allowed)),
        giveBack() {
          for (const { limit, uses, since } of given.splice(0)) {
            const left = (uses.get(since) ?? 0) - costOf(limit);
            if (left > 0) uses.set(since, left);
            else uses.delete(since);
          }
          return Promise.resolve();
        },
      };
    },
  };
}

function fits(limit: RateLimit, uses: Uses): boolean {
  return usedIn(uses) + costOf(limit) <= limit.limit;
}

function use(limit: RateLimit, uses: Uses, at: number): number {
  const last = [...uses.keys()].at(-1);
  const since = last !== undefined && at - last < limit.windowMs / PARTS ? last : at;
  uses.set(since, (uses.get(since) ?? 0) + costOf(limit));
  return since;
}

function stateOf(limit: RateLimit, uses: Uses, at: number, taken: boolean): RateState {
  const used = usedIn(uses);
  const [first] = uses.keys();
  return {
    remaining: Math.max(0, limit.limit - used),
    resetMs: first === undefined ? 0 : first + limit.windowMs - at,
    retryMs: taken ? 0 : retryIn(limit, uses, used, at),
  };
}

function retryIn(limit: RateLimit, uses: Uses, used: number, at: number): number {
  let over = used + costOf(limit) - limit.limit;
  if (over <= 0) return 0;
  for (const [since, count] of uses) {
    over -= count;
    if (over <= 0) return since + limit.windowMs - at;
  }
  // It costs more than there ever is.
  return limit.windowMs;
}

function usedIn(uses: Uses): number {
  let used = 0;
  for (const count of uses.values()) used += count;
  return used;
}

export function costOf({ cost = 1 }: RateLimit): number {
  return cost;
}
