import { decideLimit, type LimitedUse } from '../../domain/limits/decide-limit.ts';
import type { LimitRule } from '../../domain/limits/rule.ts';
import type { RateLimit, RateState } from '../../ports/coordination.ts';

/** Counts uses in sliding windows on a clock that it is given, as one process does. */
export type CreateWindows = (now: () => number) => {
  take(limits: readonly RateLimit[]): { readonly allowed: boolean; readonly states: readonly RateState[] };
};

/** Counts calls again by their recorded times. */
export interface ReplayedLimits {
  /** Name of the rule that had no room; null: there was room. @param known false: it was refused before its tool was known */
  readonly take: (rules: readonly LimitRule[], use: LimitedUse, known: boolean, atMs: number) => string | null;
}

export function createReplayedLimits(createWindows: CreateWindows): ReplayedLimits {
  let now = 0;
  const windows = createWindows(() => now);

  function takeFrom(rules: readonly LimitRule[], use: LimitedUse, byTool: boolean): string | null {
    const budgets = decideLimit(rules, use).filter((budget) => budget.byTool === byTool);
    if (budgets.length === 0) return null;
    const { allowed, states } = windows.take(budgets);
    if (allowed) return null;
    const full = budgets.find((_budget, index) => (states[index]?.retryMs ?? 0) > 0) ?? budgets[0];
    return full?.name ?? null;
  }

  return {
    take(rules, use, known, atMs) {
      // Clocks of several processes: the window only slides forward.
      now = Math.max(now, atMs);
      return takeFrom(rules, use, false) ?? (known ? takeFrom(rules, use, true) : null);
    },
  };
}
