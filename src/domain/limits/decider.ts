import type { Decider } from '../decider.ts';
import { DomainError, type InputFault } from '../error.ts';
import type { DomainEvent } from '../event.ts';
import { builtInRules } from './built-in.ts';
import type { LimitContent, LimitRule } from './rule.ts';

export type LimitEvent =
  | DomainEvent<'RateLimitDefined', LimitRule>
  | DomainEvent<'RateLimitChanged', LimitRule>
  /** Of a rule that comes with the product: it is again as it came. */
  | DomainEvent<'RateLimitRemoved', { readonly id: string; readonly name: string }>;

interface Defined {
  /** Null: one that comes with the product, as it came. */
  readonly rule: LimitRule | null;
  /** How often it was changed. */
  readonly revision: number;
}

/** What was defined, and what was changed of the rules that come with the product, by id. */
export type LimitRules = ReadonlyMap<string, Defined>;

export type LimitCommand =
  | { readonly type: 'DefineRateLimit'; readonly id: string; readonly content: LimitContent }
  /** What is absent stays as it is. */
  | { readonly type: 'ChangeRateLimit'; readonly id: string; readonly change: Partial<LimitContent> }
  | { readonly type: 'RemoveRateLimit'; readonly id: string };

const most = 200;
const builtInById: ReadonlyMap<string, LimitRule> = new Map(builtInRules.map((rule) => [rule.id, rule]));

/**
 * All rules in one stream, as with roles: what was counted at any moment is a prefix of it, and a process has them all by
 * one read.
 */
export const limitRulesDecider: Decider<LimitRules, LimitCommand, LimitEvent> = {
  category: 'policy',
  initialState: new Map(),
  evolve(state, event) {
    switch (event.type) {
      case 'RateLimitDefined':
        return new Map(state).set(event.data.id, { rule: event.data, revision: 0 });
      case 'RateLimitChanged': {
        const { id } = event.data;
        return new Map(state).set(id, { rule: event.data, revision: nextRevision(state, id) });
      }
      case 'RateLimitRemoved': {
        const { id } = event.data;
        const rest = new Map(state);
        // Its revisions go on: a tag must not come to mean something else.
        if (builtInById.has(id)) rest.set(id, { rule: null, revision: nextRevision(state, id) });
        else rest.delete(id);
        return rest;
      }
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'DefineRateLimit') {
      if (rulesOf(state).length >= most) {
        throw new DomainError('conflict', 'too_many_limits', `there are ${most} rules, and there cannot be more`);
      }
      const rule = checked({ id: command.id, ...command.content }, state);
      return [{ type: 'RateLimitDefined', data: rule }];
    }
    const { id } = command;
    const before = ruleOf(state, id);
    if (!before) throw limitNotFound();
    if (command.type === 'RemoveRateLimit') {
      if (builtInById.has(id) && !state.get(id)?.rule) {
        const message = 'this rule comes with the product, and is as it came: disable it instead';
        throw new DomainError('conflict', 'limit_built_in', message);
      }
      return [{ type: 'RateLimitRemoved', data: { id, name: before.name } }];
    }
    const after = checked({ ...before, ...command.change }, state);
    return isSame(before, after) ? [] : [{ type: 'RateLimitChanged', data: after }];
  },
};

/** The stream is `policy-limits`. */
export const limitRulesId = 'limits';

const lists = new WeakMap<LimitRules, readonly LimitRule[]>();

/**
 * The rules as they are: those that come with the product first, then the others in the order in which they were defined.
 * The same list while none changes.
 */
export function rulesOf(state: LimitRules): readonly LimitRule[] {
  const known = lists.get(state);
  if (known) return known;
  const defined = [...state.values()].flatMap(({ rule }) => (rule === null || builtInById.has(rule.id) ? [] : [rule]));
  const list = [...builtInRules.map((rule) => state.get(rule.id)?.rule ?? rule), ...defined];
  lists.set(state, list);
  return list;
}

/** Undefined when there is no such rule. */
export function ruleOf(state: LimitRules, id: string): LimitRule | undefined {
  return state.get(id)?.rule ?? builtInById.get(id);
}

export function revisionOf(state: LimitRules, id: string): number {
  return state.get(id)?.revision ?? 0;
}

/** Whether a rule comes with the product. */
export function isBuiltInRule(id: string): boolean {
  return builtInById.has(id);
}

export function limitNotFound(): DomainError {
  return new DomainError('not_found', 'limit_not_found', 'there is no such rule');
}

function nextRevision(state: LimitRules, id: string): number {
  return revisionOf(state, id) + 1;
}

/** The rule with each word once. @throws DomainError `name_taken`, `invalid_limit` naming every fault */
function checked(rule: LimitRule, state: LimitRules): LimitRule {
  if (rulesOf(state).some(({ id, name }) => name === rule.name && id !== rule.id)) {
    const faults = [{ pointer: '/name', detail: 'is the name of another rule' }];
    throw new DomainError('conflict', 'name_taken', 'there is a rule of this name', faults);
  }
  const faults = faultsOf(rule);
  if (faults.length > 0) throw new DomainError('invalid', 'invalid_limit', 'the rule could not count anything', faults);
  const { classes, per, roles, principals, exceptRoles, exceptPrincipals, tools } = rule;
  return {
    ...rule,
    classes: once(classes),
    per: once(per),
    roles: once(roles),
    principals: once(principals),
    exceptRoles: once(exceptRoles),
    exceptPrincipals: once(exceptPrincipals),
    tools: once(tools),
  };
}

function faultsOf({ classes, per, limit, windowMs, tools, principals, exceptPrincipals }: LimitRule): InputFault[] {
  const faults: InputFault[] = [];
  const add = (pointer: string, detail: string) => void faults.push({ pointer, detail });
  if (classes.length === 0) add('/classes', 'must name what is counted');
  if (limit < 1) add('/limit', 'must be 1 at least');
  if (windowMs < 1000 || windowMs % 1000 !== 0) add('/windowMs', 'must be a whole number of seconds, one at least');
  const onlyCalls = classes.every((one) => one === 'call');
  if (per.includes('tool') && !onlyCalls) add('/per', 'can have "tool" only where calls alone are counted');
  if (tools.length > 0 && !onlyCalls) add('/tools', 'can be told only where calls alone are counted');
  if (per.includes('account') && !classes.every((one) => one === 'login')) {
    add('/per', 'can have "account" only where failed logins alone are counted');
  }
  for (const [field, patterns] of Object.entries({ tools, principals, exceptPrincipals })) {
    for (const [index, pattern] of patterns.entries()) {
      if (pattern.includes('**')) add(`/${field}/${index}`, 'must not have "**": one "*" says the same');
    }
  }
  return faults;
}

function once<Word>(words: readonly Word[]): readonly Word[] {
  return [...new Set(words)];
}

function isSame(one: LimitRule, other: LimitRule): boolean {
  return JSON.stringify(entriesOf(one)) === JSON.stringify(entriesOf(other));
}

function entriesOf(rule: LimitRule): readonly unknown[] {
  return Object.entries(rule).sort(([one], [other]) => (one < other ? -1 : 1));
}
