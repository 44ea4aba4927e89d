import { canonicalJson } from '../canonical-json.ts';
import { isObject, own, type JsonObject } from '../json.ts';
import { conjunction } from './conjuncts.ts';
import { ANY, BOOLEAN, FRACTION, NONE, NULL, declaredKinds, kindOf, type Kinds } from './kinds.ts';
import { listedNodes, type SchemaNode } from './node.ts';
import type { Budget } from './proof.ts';

/** What is known of the values that satisfy all of some schemas. Everything here errs towards more values. */
export interface Facts {
  /** The schemas, flattened. */
  readonly nodes: readonly SchemaNode[];
  readonly kinds: Kinds;
  /** The values themselves, when they can be listed. */
  readonly values: readonly unknown[] | undefined;
  /** The lists of alternatives that have been told apart already. */
  readonly spent: ReadonlySet<unknown>;
}

const nothingSpent: ReadonlySet<unknown> = new Set();

export function factsOf(
  premises: readonly SchemaNode[],
  budget: Budget,
  spent: ReadonlySet<unknown> = nothingSpent,
): Facts {
  const { nodes } = conjunction(premises, 'premise');
  budget.left -= nodes.length;
  const kinds = kindsOf(nodes, budget, 0);
  return { nodes, kinds, values: valuesOf(nodes, kinds, budget), spent };
}

/** Whether no value can satisfy the schemas, as far as kinds and listed values tell. */
export function isImpossible(facts: Facts): boolean {
  return facts.kinds === NONE || facts.values?.length === 0;
}

/** The schemas as plain objects, booleans and malformed ones left out. */
export function objectsOf(nodes: readonly SchemaNode[]): JsonObject[] {
  return nodes.map(({ schema }) => schema).filter(isObject);
}

/** What each of the schemas says under a keyword, where it says something that is a number. */
export function numbersOf(facts: Facts, keyword: string): number[] {
  return objectsOf(facts.nodes)
    .map((schema) => own(schema, keyword))
    .filter((value) => typeof value === 'number');
}

/** The values that `enum` or `const` of one schema lists; undefined when it lists none. */
export function listedValues(schema: JsonObject): readonly unknown[] | undefined {
  const [only, several] = [own(schema, 'const'), own(schema, 'enum')];
  if (only !== undefined) return [only];
  return Array.isArray(several) ? several : undefined;
}

function kindsOf(nodes: readonly SchemaNode[], budget: Budget, level: number): Kinds {
  let kinds = ANY;
  for (const node of nodes) kinds &= kindsOfOne(node, budget, level);
  return kinds;
}

function kindsOfOne(node: SchemaNode, budget: Budget, level: number): Kinds {
  const { schema } = node;
  if (schema === false) return NONE;
  if (!isObject(schema)) return ANY;
  const known = node.document.kinds.get(schema);
  if (known !== undefined) return known;
  let kinds = declaredKinds(schema) ?? ANY;
  const listed = listedValues(schema);
  if (listed) kinds &= listed.reduce<Kinds>((all, value) => all | kindOf(value), NONE);
  const step = own(schema, 'multipleOf');
  if (typeof step === 'number' && Number.isInteger(step)) kinds &= ~FRACTION;
  // Alternatives of alternatives of … are of any kind: the question is not worth more.
  if (level > 3) return kinds;
  for (const keyword of ['anyOf', 'oneOf']) {
    const branches = listedNodes(node, keyword);
    if (branches.length > 0) kinds &= kindsOfBranches(branches, budget, level + 1);
  }
  // Further down the answer was cut short.
  if (level === 0) node.document.kinds.set(schema, kinds);
  return kinds;
}

function kindsOfBranches(branches: readonly SchemaNode[], budget: Budget, level: number): Kinds {
  let kinds = NONE;
  for (const branch of branches) {
    const { nodes } = conjunction([branch], 'premise');
    budget.left -= nodes.length;
    kinds |= budget.left < 0 ? ANY : kindsOf(nodes, budget, level);
    if (kinds === ANY) break;
  }
  return kinds;
}

function valuesOf(nodes: readonly SchemaNode[], kinds: Kinds, budget: Budget): readonly unknown[] | undefined {
  const lists = objectsOf(nodes)
    .map(listedValues)
    .filter((list) => list !== undefined);
  const [first, ...others] = lists;
  if (first === undefined) {
    if ((kinds & ~(NULL | BOOLEAN)) !== NONE) return undefined;
    return [null, false, true].filter((value) => (kindOf(value) & kinds) !== NONE);
  }
  budget.left -= lists.reduce((sum, list) => sum + list.length, 0);
  const allowed = others.map((list) => new Set(list.map(canonicalJson)));
  return first.filter((value) => {
    return (kindOf(value) & kinds) !== NONE && allowed.every((set) => set.has(canonicalJson(value)));
  });
}
