import type { Registry } from 'prom-client';
import { createLimiter } from '../commands/limits/limiter.ts';
import { loadLimitRules } from '../commands/limits/rules.ts';
import type { CommandDeps } from '../commands/deps.ts';
import { limitRulesDecider, rulesOf, type LimitEvent } from '../domain/limits/decider.ts';
import { followLog } from '../http/auth/follow-log.ts';
import type { LimitsInForce } from '../http/deps.ts';
import { createCounter } from '../http/metrics.ts';
import type { RateLimits } from '../ports/coordination.ts';
import type { RecordedEvent } from '../ports/event-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { Closing } from './closing.ts';

export interface LimitsOptions {
  readonly rateLimits: RateLimits;
  readonly enforced: boolean;
  readonly metrics: Registry;
  readonly logger: Logger;
  readonly closing: Closing;
}

const types = ['RateLimitDefined', 'RateLimitChanged', 'RateLimitRemoved'];

/**
 * Limits by the rules in the log, as they are at any moment: each process follows the log, and a change counts a moment
 * after it was recorded. While the log cannot be read the rules stay as they were.
 */
export async function openLimits(deps: CommandDeps, options: LimitsOptions): Promise<LimitsInForce> {
  const { rateLimits, enforced, metrics, logger, closing } = options;
  const { initialState, evolve } = limitRulesDecider;
  let known = { state: initialState, revision: -1 };
  let loaded = false;
  /** What came while the rules were read: some of it is in them. */
  const early: RecordedEvent[] = [];

  const take = (event: RecordedEvent): void => {
    if (!loaded) early.push(event);
    else if (event.revision > known.revision) {
      known = { state: evolve(known.state, event as RecordedEvent & LimitEvent), revision: event.revision };
    }
  };
  const follower = await followLog({ store: deps.store, types, take, lost: () => undefined, logger });
  closing.add('rules of rate limits', () => follower.close());
  const { state, revision } = await loadLimitRules(deps);
  known = { state, revision };
  loaded = true;
  for (const event of early) take(event);

  const refused = createCounter(metrics, 'annals_rate_limited_total', 'Uses that a rule had no room for', 'rule');
  const limiter = createLimiter({ rateLimits, rules: () => rulesOf(known.state), enforced, refused });
  return { ...limiter, caughtUp: follower.caughtUp };
}
