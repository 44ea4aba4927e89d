import { compileGlob, type Glob } from '../access/glob.ts';
import { mcpKey } from '../access/permission-grammar.ts';
import { addressBlock } from './address-block.ts';
import type { CountedPer, LimitRule, RouteClass } from './rule.ts';

/** One use of the platform, as far as rules look at it. Plain data, so that uses of the past can be counted again. */
export interface LimitedUse {
  readonly routeClass: RouteClass;
  /** As events name who asks: `user:<id>`, whatever credential speaks for the user; `anonymous`. */
  readonly principal: string;
  readonly roles: readonly string[];
  /** Where it comes from; empty when nobody knows. */
  readonly address: string;
  /** Of a call. */
  readonly mcp?: { readonly id: string; readonly name: string };
  readonly tool?: string;
  /** Of an attempt to log in: a hash of the name, which rules need not know. */
  readonly account?: string;
  /** How many uses it is: the items of a batch. */
  readonly cost: number;
}

/** What a use takes from. */
export interface Budget {
  readonly ruleId: string;
  /** Of the rule. */
  readonly name: string;
  /** Uses with the same key share the budget. */
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly cost: number;
  /** It is about certain tools, or of each tool: only who knows the tool can take from it. */
  readonly byTool: boolean;
}

/** A rule made ready for many questions. */
interface ReadyRule {
  readonly rule: LimitRule;
  readonly roles: ReadonlySet<string>;
  readonly principals: readonly Glob[];
  readonly exceptRoles: ReadonlySet<string>;
  readonly exceptPrincipals: readonly Glob[];
  readonly tools: readonly ToolPattern[];
  readonly byTool: boolean;
}

interface ToolPattern {
  readonly mcp: Glob;
  readonly tool: Glob;
}

const ready = new WeakMap<readonly LimitRule[], ReadonlyMap<RouteClass, readonly ReadyRule[]>>();
const none: readonly Budget[] = [];

/**
 * The budgets that a use takes from, one of each rule that is about it: all of them have to have room. The only place where
 * this is decided, for every way in. It looks at nothing but its arguments, so that the same question about the past, or
 * about rules that nobody has yet, has its answer here, too. A list of rules is made ready once: give the same list again.
 */
export function decideLimit(rules: readonly LimitRule[], use: LimitedUse): readonly Budget[] {
  const about = readyRules(rules).get(use.routeClass);
  if (about === undefined) return none;
  const budgets: Budget[] = [];
  for (const one of about) {
    if (!appliesTo(one, use)) continue;
    const { id, name, per, limit, windowMs } = one.rule;
    const key = keyOf(id, per, use);
    if (key === undefined) continue;
    budgets.push({ ruleId: id, name, key, limit, windowMs, cost: use.cost, byTool: one.byTool });
  }
  return budgets;
}

function appliesTo(one: ReadyRule, { principal, roles, mcp, tool }: LimitedUse): boolean {
  const { exceptRoles, exceptPrincipals, tools } = one;
  if (isOneOf(exceptRoles, exceptPrincipals, principal, roles)) return false;
  const isEverybodys = one.roles.size === 0 && one.principals.length === 0;
  if (!isEverybodys && !isOneOf(one.roles, one.principals, principal, roles)) return false;
  if (tools.length === 0) return true;
  if (mcp === undefined || tool === undefined) return false;
  const name = mcpKey(mcp.name);
  return tools.some(
    (pattern) => (pattern.mcp.matches(name) || pattern.mcp.matches(mcp.id)) && pattern.tool.matches(tool),
  );
}

function isOneOf(
  roles: ReadonlySet<string>,
  principals: readonly Glob[],
  principal: string,
  own: readonly string[],
): boolean {
  return (roles.size > 0 && own.some((role) => roles.has(role))) || principals.some((glob) => glob.matches(principal));
}

/** Undefined when the use has not got what the rule counts by. */
function keyOf(id: string, per: readonly CountedPer[], use: LimitedUse): string | undefined {
  let key = id;
  for (const by of per) {
    const part = partOf(by, use);
    if (part === undefined) return undefined;
    // Only the last part, a tool's name, may hold what stands between the parts.
    key += ` ${part}`;
  }
  return key;
}

function partOf(by: CountedPer, { principal, address, mcp, tool, account }: LimitedUse): string | undefined {
  switch (by) {
    case 'principal':
      // Those who have not said who they are do not use up each other's.
      return principal === 'anonymous' ? `anonymous@${addressBlock(address)}` : principal;
    case 'address':
      return addressBlock(address);
    case 'account':
      return account;
    case 'tool':
      return mcp === undefined || tool === undefined ? undefined : `${mcp.id}:${tool}`;
  }
}

function readyRules(rules: readonly LimitRule[]): ReadonlyMap<RouteClass, readonly ReadyRule[]> {
  const known = ready.get(rules);
  if (known) return known;
  const byClass = new Map<RouteClass, ReadyRule[]>();
  for (const rule of rules) {
    if (!rule.enabled) continue;
    const one = makeReady(rule);
    for (const routeClass of new Set(rule.classes)) {
      const alike = byClass.get(routeClass) ?? [];
      alike.push(one);
      byClass.set(routeClass, alike);
    }
  }
  ready.set(rules, byClass);
  return byClass;
}

function makeReady(rule: LimitRule): ReadyRule {
  return {
    // In one order whatever the order it was told in: the same budget has one key, and a tool's name comes last.
    rule: { ...rule, per: perOrder.filter((by) => rule.per.includes(by)) },
    roles: new Set(rule.roles),
    principals: rule.principals.map(compileGlob),
    exceptRoles: new Set(rule.exceptRoles),
    exceptPrincipals: rule.exceptPrincipals.map(compileGlob),
    tools: rule.tools.map(toolPattern),
    byTool: rule.tools.length > 0 || rule.per.includes('tool'),
  };
}

const perOrder: readonly CountedPer[] = ['account', 'address', 'principal', 'tool'];

function toolPattern(text: string): ToolPattern {
  const colon = text.indexOf(':');
  const mcp = colon < 0 ? text : text.slice(0, colon);
  return { mcp: compileGlob(mcpKey(mcp)), tool: compileGlob(colon < 0 ? '*' : text.slice(colon + 1)) };
}
