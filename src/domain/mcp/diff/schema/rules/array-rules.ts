import { elementOf, type Finding } from '../finding.ts';
import { numbersOf } from '../facts.ts';
import { ARRAY, NONE } from '../kinds.ts';
import { arrayShape, elementAt } from '../array-shape.ts';
import { finding, incomparable, said, type Rule } from './rule.ts';

/** `prefixItems`, `items` and `additionalItems`. */
export const elementsRule: Rule = (proof, facts, wide, at) => {
  if ((facts.kinds & ARRAY) === NONE) return [];
  const isOldTuple = wide.document.dialect === '2020-12' && Array.isArray(said(wide, 'items'));
  if (isOldTuple || !Array.isArray(said(wide, 'prefixItems') ?? [])) return [incomparable('items', wide, at)];
  const shapes = facts.nodes.map(arrayShape);
  const goal = arrayShape(wide);
  const most = Math.min(...numbersOf(facts, 'maxItems'));
  const told = Math.max(...shapes.map(({ prefix }) => prefix.length), goal.prefix.length);
  const findings: Finding[][] = [];
  for (let index = 0; index < Math.min(told, most); index++) {
    const target = goal.prefix[index] ?? goal.rest;
    if (target) findings.push(proof.prove(elementAt(shapes, index), target, elementOf(at, index)));
  }
  if (goal.rest && told < most) findings.push(proof.prove(elementAt(shapes, told), goal.rest, elementOf(at, '')));
  return findings.flat();
};

export const uniqueItemsRule: Rule = (_proof, facts, wide, at) => {
  if ((facts.kinds & ARRAY) === NONE || said(wide, 'uniqueItems') === false) return [];
  if (facts.nodes.some((node) => said(node, 'uniqueItems') === true)) return [];
  if (Math.min(...numbersOf(facts, 'maxItems')) <= 1) return [];
  return [finding('unique', 'uniqueItems', wide, at)];
};
