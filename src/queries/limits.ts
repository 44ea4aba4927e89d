import {
  isBuiltInRule,
  limitNotFound,
  limitRulesDecider,
  limitRulesId,
  revisionOf,
  ruleOf,
  rulesOf,
  type LimitEvent,
  type LimitRules,
} from '../domain/limits/decider.ts';
import type { LimitRule } from '../domain/limits/rule.ts';
import type { RecordedEvent, Revision } from '../ports/event-store.ts';
import type { QueryDeps } from './deps.ts';
import { resolveAsOf } from './time-travel/as-of.ts';

export interface LimitResource extends LimitRule {
  /** Comes with the product, though it may be changed. */
  readonly builtIn: boolean;
}

export interface LimitMoment {
  /** A position of the log, or a time (RFC 3339). */
  readonly asOf?: string | number;
}

/** All rules: those that come with the product first, then the others in the order in which they were defined. */
export async function listLimits(deps: QueryDeps, moment: LimitMoment = {}): Promise<readonly LimitResource[]> {
  return rulesOf(await rulesAt(deps, moment)).map(toLimit);
}

/** @param idOrName names are as they are at that moment @throws DomainError `limit_not_found` */
export async function getLimit(
  deps: QueryDeps,
  idOrName: string,
  moment: LimitMoment = {},
): Promise<{ readonly resource: LimitResource; readonly revision: Revision }> {
  const state = await rulesAt(deps, moment);
  const rule = ruleOf(state, idOrName) ?? rulesOf(state).find(({ name }) => name === idOrName);
  if (!rule) throw limitNotFound();
  return { resource: toLimit(rule), revision: revisionOf(state, rule.id) };
}

export function toLimit(rule: LimitRule): LimitResource {
  return { ...rule, builtIn: isBuiltInRule(rule.id) };
}

async function rulesAt(deps: QueryDeps, { asOf }: LimitMoment): Promise<LimitRules> {
  const { category, initialState, evolve } = limitRulesDecider;
  const position = asOf === undefined ? Infinity : await resolveAsOf(deps, asOf);
  const events = await deps.store.readStream(`${category}-${limitRulesId}`);
  return events
    .filter((event): event is RecordedEvent & LimitEvent => event.position <= position)
    .reduce(evolve, initialState);
}
