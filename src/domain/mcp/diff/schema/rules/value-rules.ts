import { canonicalJson } from '../../canonical-json.ts';
import { isObject, own } from '../../json.ts';
import { objectsOf, type Facts } from '../facts.ts';
import { INTEGER, NONE, NUMBER, STRING, declaredKinds } from '../kinds.ts';
import { finding, incomparable, said, type Rule } from './rule.ts';

export const typeRule: Rule = (_proof, facts, wide, at) => {
  const allowed = isObject(wide.schema) ? declaredKinds(wide.schema) : undefined;
  if (allowed === undefined) return [incomparable('type', wide, at)];
  const refused = facts.kinds & ~allowed;
  return refused === NONE ? [] : [finding('type', 'type', wide, at, { narrow: refused })];
};

/** `enum` and `const`. */
export function valuesRule(keyword: 'enum' | 'const'): Rule {
  return ({ budget }, facts, wide, at) => {
    const listed = said(wide, keyword);
    const allowed: unknown = keyword === 'const' ? [listed] : listed;
    if (!Array.isArray(allowed)) return [incomparable(keyword, wide, at)];
    budget.left -= allowed.length;
    const known = new Set(allowed.map(canonicalJson));
    const refused = facts.values?.filter((value) => !known.has(canonicalJson(value)));
    if (refused?.length === 0) return [];
    return [finding('values', keyword, wide, at, { narrow: refused, wide: allowed })];
  };
}

/** `pattern` and `format`: a text is implied by the same text only. */
export function textRule(keyword: 'pattern' | 'format'): Rule {
  const kinds = keyword === 'format' ? STRING | NUMBER : STRING;
  return (_proof, facts, wide, at) => {
    const text = said(wide, keyword);
    const known = saidByAny(facts, keyword);
    if ((facts.kinds & kinds) === NONE || known.includes(text)) return [];
    return [finding(keyword, keyword, wide, at, { narrow: known[0], wide: text })];
  };
}

export const multipleOfRule: Rule = (_proof, facts, wide, at) => {
  const step = said(wide, 'multipleOf');
  if ((facts.kinds & NUMBER) === NONE) return [];
  if (typeof step !== 'number') return [incomparable('multipleOf', wide, at)];
  const known = saidByAny(facts, 'multipleOf');
  if (step === 1 && (facts.kinds & NUMBER) === INTEGER) return [];
  if (facts.values?.every((value) => typeof value !== 'number' || isMultiple(value, step))) return [];
  if (known.some((other) => other === step || (typeof other === 'number' && isMultiple(other, step)))) return [];
  return [finding('multiple', 'multipleOf', wide, at, { narrow: known[0], wide: step })];
};

/** Division of fractions is not exact, so only whole numbers are said to be multiples. */
function isMultiple(value: number, step: number): boolean {
  return Number.isSafeInteger(value) && Number.isSafeInteger(step) && value % step === 0;
}

/** What the known schemas say under a keyword. */
export function saidByAny(facts: Facts, keyword: string): unknown[] {
  return objectsOf(facts.nodes)
    .map((schema) => own(schema, keyword))
    .filter((value) => value !== undefined);
}
