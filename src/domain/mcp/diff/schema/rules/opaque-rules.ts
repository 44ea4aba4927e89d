import { sameForeignReference } from '../identical.ts';
import { referencedNode } from '../node.ts';
import { unevaluatedIsAdditional } from '../object-shape.ts';
import { propertiesRule } from './object-rules.ts';
import { incomparable, said, type Rule } from './rule.ts';

/** For a keyword of which only the same text is understood. */
export function opaqueRule(keyword: string): Rule {
  return (_proof, _facts, wide, at) => [incomparable(keyword, wide, at)];
}

/** A reference that can be followed has been; what another document demands is unknown. */
export const referenceRule: Rule = (_proof, facts, wide, at) => {
  const isKnown = referencedNode(wide) ?? facts.nodes.some((node) => sameForeignReference(node, wide));
  return isKnown ? [] : [incomparable('$ref', wide, at)];
};

export const unevaluatedPropertiesRule: Rule = (proof, facts, wide, at) => {
  if (said(wide, 'additionalProperties') !== undefined) return [];
  if (unevaluatedIsAdditional(wide)) return propertiesRule(proof, facts, wide, at);
  const refusesNewFields = said(wide, 'unevaluatedProperties') === false;
  if (proof.tolerance === 'new fields' && refusesNewFields) return [];
  return [incomparable('unevaluatedProperties', wide, at)];
};
