import { childPointer } from '../../json.ts';
import { casesOf } from '../cases.ts';
import { factsOf, type Facts } from '../facts.ts';
import type { Finding, Instance } from '../finding.ts';
import { NONE, OBJECT } from '../kinds.ts';
import { childNode, keyed, listedNodes, names, type SchemaNode } from '../node.ts';
import { requiredNames } from '../object-shape.ts';
import type { Proof } from '../proof.ts';
import { unsatisfiable } from '../unsatisfiable.ts';
import { finding, incomparable, type Rule } from './rule.ts';

/** `anyOf` and `oneOf`. */
export function alternativesRule(keyword: 'anyOf' | 'oneOf'): Rule {
  return (proof, facts, wide, at) => {
    const branches = listedNodes(wide, keyword);
    if (branches.length === 0) return [incomparable(keyword, wide, at)];
    const fitting = branches.filter((branch) => fits(proof, facts, branch, at));
    if (keyword === 'anyOf' && fitting.length > 0) return [];
    if (fitting.some((branch) => excludesOthers(proof, facts, branch, branches))) return [];
    if (fitting.length > 0) return [incomparable(keyword, wide, at)];
    const findings = uncovered(proof, facts, branches, finding('alternatives', keyword, wide, at), at);
    // That every value fits some branch is not enough where it must fit one only.
    return keyword === 'oneOf' && findings.length === 0 ? [incomparable(keyword, wide, at)] : findings;
  };
}

function fits(proof: Proof, facts: Facts, branch: SchemaNode, at: Instance): boolean {
  // Most branches are of another type: that is seen without a proof.
  const isOfType = (facts.kinds & ~factsOf([branch], proof.budget).kinds) === NONE;
  return isOfType && proof.prove(facts.nodes, branch, at).length === 0;
}

/** Whether values that fit the branch fit no other: `oneOf` refuses what fits two. */
function excludesOthers(proof: Proof, facts: Facts, branch: SchemaNode, branches: readonly SchemaNode[]): boolean {
  return branches.every((other) => other === branch || unsatisfiable([...facts.nodes, branch, other], proof.budget));
}

/** Says for each kind of value that fits no branch why, if there is one branch that it was meant for. */
function uncovered(
  proof: Proof,
  facts: Facts,
  branches: readonly SchemaNode[],
  otherwise: Finding,
  at: Instance,
): Finding[] {
  const cases = casesOf(facts, proof.budget)?.map((one) => one.facts) ?? [facts];
  return cases.flatMap((one): Finding[] => {
    if (branches.some((branch) => fits(proof, one, branch, at))) return [];
    const meant = branches.filter((branch) => !unsatisfiable([...one.nodes, branch], proof.budget));
    const [only, ...more] = meant;
    if (only && more.length === 0) return proof.prove(one.nodes, only, at);
    const isOfNoType = branches.every((branch) => (factsOf([branch], proof.budget).kinds & one.kinds) === NONE);
    return [{ ...otherwise, rule: isOfNoType ? 'type' : otherwise.rule, narrow: one.kinds }];
  });
}

export const notRule: Rule = (proof, facts, wide, at) => {
  const target = childNode(wide, 'not');
  if (!target || unsatisfiable([...facts.nodes, target], proof.budget)) return [];
  // What refuses more values refuses these.
  const refused = facts.nodes.flatMap((node) => childNode(node, 'not') ?? []);
  return refused.some((one) => proof.holds([target], one, at)) ? [] : [incomparable('not', wide, at)];
};

/** `if`, `then` and `else`. */
export const conditionRule: Rule = (proof, facts, wide, at) => {
  const [condition, then, otherwise] = [childNode(wide, 'if'), childNode(wide, 'then'), childNode(wide, 'else')];
  if (!condition) return [];
  const isShown =
    (!then || proof.prove([...facts.nodes, condition], then, at).length === 0) &&
    (!otherwise || proof.prove(facts.nodes, otherwise, at).length === 0);
  return isShown ? [] : [incomparable('if', wide, at)];
};

/** `dependentRequired`, `dependentSchemas`, and `dependencies`, which may be either. */
export function dependencyRule(keyword: 'dependentRequired' | 'dependentSchemas' | 'dependencies'): Rule {
  return (proof, facts, wide, at) => {
    if ((facts.kinds & OBJECT) === NONE) return [];
    return Object.entries(keyed(wide.schema, keyword)).flatMap(([trigger, demanded]) => {
      const premises = facts.nodes.flatMap((node) => childNode(node, keyword, trigger) ?? []);
      const isShown = Array.isArray(demanded)
        ? namesAreGiven(facts, premises, demanded)
        : schemaIsGiven(proof, facts, premises, childNode(wide, keyword, trigger), at);
      const found = finding('dependency', keyword, wide, at, { wide: trigger });
      return isShown ? [] : [{ ...found, pointer: childPointer(found.pointer, trigger) }];
    });
  };
}

function namesAreGiven(facts: Facts, premises: readonly SchemaNode[], demanded: readonly unknown[]): boolean {
  const given = requiredNames(facts);
  for (const { schema } of premises) for (const name of names(schema)) given.add(name);
  return names(demanded).every((name) => given.has(name));
}

function schemaIsGiven(
  proof: Proof,
  facts: Facts,
  premises: readonly SchemaNode[],
  target: SchemaNode | undefined,
  at: Instance,
): boolean {
  const schemas = premises.filter(({ schema }) => !Array.isArray(schema));
  return !target || proof.prove([...facts.nodes, ...schemas], target, at).length === 0;
}
