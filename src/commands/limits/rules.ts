import {
  limitNotFound,
  limitRulesDecider,
  limitRulesId,
  revisionOf,
  ruleOf,
  rulesOf,
  type LimitCommand,
  type LimitRules,
} from '../../domain/limits/decider.ts';
import type { LimitContent, LimitRule } from '../../domain/limits/rule.ts';
import type { Position, Revision } from '../../ports/event-store.ts';
import type { Loaded } from '../aggregate-cache.ts';
import type { CommandContext } from '../context.ts';
import type { CommandDeps } from '../deps.ts';
import { load } from '../load.ts';
import { PreconditionFailed } from '../precondition-failed.ts';
import { transact, type Outcome } from '../transaction.ts';

export interface ChangedLimit {
  readonly rule: LimitRule;
  readonly revision: Revision;
  readonly position: Position;
}

/** Defines a rule; its id is the command's. @throws DomainError `name_taken`, `invalid_limit`, `too_many_limits` */
export async function defineLimit(
  deps: CommandDeps,
  context: CommandContext,
  content: LimitContent,
): Promise<ChangedLimit> {
  const id = context.commandId;
  return changed(id, await decide(deps, context, { type: 'DefineRateLimit', id, content }));
}

/**
 * Changes a rule, one that comes with the product included. What is absent stays as it is.
 * @throws DomainError `limit_not_found`, `name_taken`, `invalid_limit`; PreconditionFailed
 */
export async function changeLimit(
  deps: CommandDeps,
  context: CommandContext,
  id: string,
  change: Partial<LimitContent>,
): Promise<ChangedLimit> {
  return changed(id, await decide(deps, context, { type: 'ChangeRateLimit', id, change }));
}

/**
 * Removes a rule; one that comes with the product is then as it came.
 * @throws DomainError `limit_not_found`, `limit_built_in` there is nothing to take back; PreconditionFailed
 */
export async function removeLimit(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  return (await decide(deps, context, { type: 'RemoveRateLimit', id })).position;
}

/** The rules as of the last event. */
export function loadLimitRules(deps: CommandDeps): Promise<Loaded<LimitRules>> {
  return load(deps.store, deps.aggregates, limitRulesDecider, `${limitRulesDecider.category}-${limitRulesId}`);
}

/** Id of a rule by its name; undefined when there is none. */
export async function limitIdOf(deps: CommandDeps, name: string): Promise<string | undefined> {
  return rulesOf((await loadLimitRules(deps)).state).find((rule) => rule.name === name)?.id;
}

function decide(deps: CommandDeps, context: CommandContext, command: LimitCommand): Promise<Outcome<LimitRules>> {
  return transact(deps, context, async (transaction) => {
    const state = await transaction.load(limitRulesDecider, limitRulesId);
    if (command.type !== 'DefineRateLimit') checkRevision(context, state, command.id);
    return transaction.decide(limitRulesDecider, limitRulesId, command);
  });
}

/** All rules share a stream, and each has revisions of its own. */
function checkRevision({ expectedRevision }: CommandContext, state: LimitRules, id: string): void {
  if (expectedRevision === undefined || !ruleOf(state, id)) return;
  const revision = revisionOf(state, id);
  if (revision !== expectedRevision) throw new PreconditionFailed(expectedRevision, revision);
}

function changed(id: string, { state, position }: Outcome<LimitRules>): ChangedLimit {
  const rule = ruleOf(state, id);
  if (!rule) throw limitNotFound();
  return { rule, revision: revisionOf(state, id), position };
}
