import { isObject, own } from '../json.ts';
import { factsOf, isImpossible, type Facts } from './facts.ts';
import { ANY, typesOf } from './kinds.ts';
import { listedNodes, type SchemaNode } from './node.ts';
import type { Budget } from './proof.ts';

/** Some of the values that facts speak of: those that also satisfy `distinction`. */
export interface Case {
  readonly distinction: SchemaNode;
  readonly facts: Facts;
}

const mostCases = 64;

/**
 * Tells values apart into cases that together cover them: by an `anyOf` or `oneOf`, else by type, else one by one.
 * Undefined when there is nothing (or too much) to tell apart.
 */
export function casesOf(facts: Facts, budget: Budget): Case[] | undefined {
  for (const node of facts.nodes) {
    for (const keyword of ['anyOf', 'oneOf']) {
      const list = isObject(node.schema) ? own(node.schema, keyword) : undefined;
      const branches = listedNodes(node, keyword);
      if (branches.length === 0 || branches.length > mostCases || facts.spent.has(list)) continue;
      return split(facts, branches, new Set([...facts.spent, list]), budget);
    }
  }
  const [some] = facts.nodes;
  if (!some) return undefined;
  const types = facts.kinds === ANY ? [] : typesOf(facts.kinds);
  const values = facts.values && facts.values.length <= mostCases ? facts.values : [];
  const schemas = types.length > 1 ? types.map((type) => ({ type })) : values.map((value) => ({ const: value }));
  if (schemas.length < 2) return undefined;
  return split(
    facts,
    schemas.map((schema) => ({ ...some, schema })),
    facts.spent,
    budget,
  );
}

function split(facts: Facts, by: readonly SchemaNode[], spent: ReadonlySet<unknown>, budget: Budget): Case[] {
  return by
    .map((distinction) => ({ distinction, facts: factsOf([...facts.nodes, distinction], budget, spent) }))
    .filter((one) => !isImpossible(one.facts));
}
