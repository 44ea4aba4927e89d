import { isObject } from '../../json.ts';
import { memberOf, type Finding, type Instance } from '../finding.ts';
import type { Facts } from '../facts.ts';
import { NONE, OBJECT } from '../kinds.ts';
import { mentionedNames } from '../mentions.ts';
import { childNode, names, type SchemaNode } from '../node.ts';
import { knownShapes, objectShape, propertyOf, requiredNames, restOf, type ObjectShape } from '../object-shape.ts';
import type { Proof } from '../proof.ts';
import { finding, incomparable, said, type Rule } from './rule.ts';

/** Looking up every name in every listed value is worth so much. */
const mostValues = 100;

export const requiredRule: Rule = (_proof, facts, wide, at) => {
  if ((facts.kinds & OBJECT) === NONE) return [];
  const list = said(wide, 'required');
  if (!Array.isArray(list)) return [incomparable('required', wide, at)];
  const given = requiredNames(facts);
  const shapes = knownShapes(facts.nodes);
  return names(list)
    .filter((name) => !given.has(name) && !inEveryValue(facts, name))
    .map((name) => {
      const narrow = shapes.some(({ properties }) => properties.has(name)) ? 'optional' : 'unknown';
      return finding('required', 'required', wide, memberOf(at, name), { narrow, wide: name });
    });
};

function inEveryValue({ values }: Facts, name: string): boolean {
  if (!values || values.length > mostValues) return false;
  return values.every((value) => !isObject(value) || Object.hasOwn(value, name));
}

/** `properties`, `patternProperties` and `additionalProperties`, which divide the properties among them. */
export const propertiesRule: Rule = (proof, facts, wide, at) => {
  if ((facts.kinds & OBJECT) === NONE) return [];
  for (const keyword of ['properties', 'patternProperties']) {
    if (!isObject(said(wide, keyword) ?? {})) return [incomparable(keyword, wide, at)];
  }
  const known: Known = {
    shapes: knownShapes(facts.nodes),
    isSendable: proof.tolerance === 'new arguments' ? mentionedNames(facts.nodes) : () => true,
  };
  const goal = objectShape(wide);
  return [
    [...goal.properties].map(([name, target]) => declared(proof, known, name, target, memberOf(at, name))),
    [...goal.patterns].map(([pattern, target]) => matching(proof, known, pattern, target, at)),
    goal.rest ? [undeclared(proof, known, goal, goal.rest, at)] : [],
  ].flat(2);
};

/** What is known of the objects for which the rule is to be shown. */
interface Known {
  readonly shapes: readonly ObjectShape[];
  /** Whether anybody may be expected to send a property of this name. */
  readonly isSendable: (name: string) => boolean;
}

function declared(
  proof: Proof,
  { shapes, isSendable }: Known,
  name: string,
  target: SchemaNode,
  at: Instance,
): Finding[] {
  const known = propertyOf(shapes, name);
  const isRefused = known.some(({ schema }) => schema === false);
  const isDeclared = !isRefused && shapes.some(({ properties }) => properties.has(name));
  if (proof.tolerance === 'new fields' && !isDeclared && target.schema !== false) {
    const isMapped = !isRefused && known.length > 0 && proof.prove(known, target, at).length === 0;
    return isMapped ? [] : [{ rule: 'lost', keyword: 'properties', at: at.path, pointer: target.pointer }];
  }
  if (isRefused || !isSendable(name)) return [];
  return proof.prove(known, target, at);
}

/** Which names a pattern matches stays open: where it is new, every property has to satisfy it. */
function matching(proof: Proof, { shapes }: Known, pattern: string, target: SchemaNode, at: Instance): Finding[] {
  const same = shapes.flatMap(({ patterns }) => patterns.get(pattern) ?? []);
  const named = namesIn(shapes).flatMap((name) => {
    return proof.prove([...propertyOf(shapes, name), ...same], target, memberOf(at, name));
  });
  return [...named, ...proof.prove([...same, ...restOf(shapes)], target, memberOf(at, '*'))];
}

/** The properties that the goal neither names nor matches with a pattern. */
function undeclared(proof: Proof, { shapes }: Known, goal: ObjectShape, target: SchemaNode, at: Instance): Finding[] {
  // Whoever does not mind new fields does not mind that they were refused before.
  if (proof.tolerance === 'new fields' && target.schema === false) return [];
  const unmatched = new Set(goal.patterns.keys());
  const named = namesIn(shapes).filter((name) => !goal.properties.has(name));
  const findings = named.flatMap((name): Finding[] => {
    const found = proof.prove(propertyOf(shapes, name, unmatched), target, memberOf(at, name));
    const from = shapes.find(({ properties }) => properties.has(name))?.properties.get(name);
    if (found.length === 0 || target.schema !== false || !from) return found;
    return [{ rule: 'removed', keyword: 'properties', at: memberOf(at, name).path, pointer: from.pointer }];
  });
  const found = proof.prove(restOf(shapes, unmatched), target, memberOf(at, '*'));
  if (found.length === 0) return findings;
  if (target.schema !== false) return findings.concat(found);
  return findings.concat({ rule: 'closed', keyword: 'additionalProperties', at: at.path, pointer: target.pointer });
}

function namesIn(shapes: readonly ObjectShape[]): string[] {
  return [...new Set(shapes.flatMap(({ properties }) => [...properties.keys()]))];
}

/** `propertyNames`: names are strings, each of them a value on its own. */
export const propertyNamesRule: Rule = (proof, facts, wide, at) => {
  const target = childNode(wide, 'propertyNames');
  if ((facts.kinds & OBJECT) === NONE || !target) return [];
  const premises = facts.nodes.flatMap((node) => {
    const { properties, patterns, rest } = objectShape(node);
    const isClosed = rest?.schema === false && patterns.size === 0;
    const listed = isClosed ? [{ ...node, schema: { enum: [...properties.keys()] } }] : [];
    const restricted = childNode(node, 'propertyNames');
    return restricted ? [restricted, ...listed] : listed;
  });
  const aString = { ...wide, schema: { type: 'string' } };
  const found = proof.prove([aString, ...premises], target, memberOf(at, '*'));
  return found.length === 0 ? [] : [finding('names', 'propertyNames', wide, at)];
};
