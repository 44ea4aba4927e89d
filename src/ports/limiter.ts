import type { LimitedUse } from '../domain/limits/decide-limit.ts';
import type { RateState } from './coordination.ts';

/** What is left of one budget that a use takes from. */
export interface BudgetState extends RateState {
  /** Of its rule. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** What a use took. */
export interface Taken {
  /** One for each rule that is about the use. */
  readonly budgets: readonly BudgetState[];
  /** Undoes it, as if it had not been. */
  readonly giveBack: () => Promise<void>;
}

/** How limits are counted now. */
export interface LimiterStatus {
  /** False when the settings switch rules off; failed logins are limited all the same. */
  readonly enforced: boolean;
  /** False while Redis is away: then each process counts its own uses alone. */
  readonly shared: boolean;
  /** Rules that are enabled. */
  readonly rules: number;
}

/** Counts uses of the platform by the rules that are in force, for every way in. */
export interface Limiter {
  /**
   * Takes from every budget that the use has, in one question at most.
   * @param part `by-tool`: from those of its tool alone, because the others were taken from before the tool was known
   * @throws RateLimited, and then it took nothing
   */
  take(use: LimitedUse, part?: 'all' | 'by-tool'): Promise<Taken>;
  status(): Promise<LimiterStatus>;
}

/** A budget of the use has no room. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  readonly budgets: readonly BudgetState[];
  /** Milliseconds until the same use fits. */
  readonly retryMs: number;

  constructor(budgets: readonly BudgetState[]) {
    const full = budgets.filter(({ retryMs }) => retryMs > 0).map(({ name }) => name);
    super(`there is no more room in ${full.join(' and ')}; try again later`);
    this.budgets = budgets;
    this.retryMs = Math.max(0, ...budgets.map(({ retryMs }) => retryMs));
  }
}
