import { isObject } from '../../json.ts';
import { numbersOf, type Facts } from '../facts.ts';
import { ARRAY, FRACTION, NONE, NUMBER, OBJECT, STRING, type Kinds } from '../kinds.ts';
import { requiredNames } from '../object-shape.ts';
import { finding, incomparable, said, type Rule } from './rule.ts';

interface Limit {
  readonly value: number;
  readonly exclusive: boolean;
}

type Side = 'lower' | 'upper';

/** `minimum`, `exclusiveMinimum`, `maximum`, `exclusiveMaximum`. */
export function rangeRule(keyword: string, side: Side, exclusive: boolean): Rule {
  return (_proof, facts, wide, at) => {
    if ((facts.kinds & NUMBER) === NONE) return [];
    const value = said(wide, keyword);
    if (typeof value !== 'number') return [incomparable(keyword, wide, at)];
    const goal = { value, exclusive };
    if (facts.values?.every((one) => typeof one !== 'number' || isWithin(one, goal, side))) return [];
    const known = strictest(facts, side);
    if (known && implies(known, goal, side)) return [];
    return [finding('bound', keyword, wide, at, { narrow: numbersOf(facts, keyword)[0], wide: value })];
  };
}

function isWithin(value: number, limit: Limit, side: Side): boolean {
  if (value === limit.value) return !limit.exclusive;
  return side === 'lower' ? value > limit.value : value < limit.value;
}

function implies(known: Limit, goal: Limit, side: Side): boolean {
  if (known.value === goal.value) return known.exclusive || !goal.exclusive;
  return side === 'lower' ? known.value > goal.value : known.value < goal.value;
}

function strictest(facts: Facts, side: Side): Limit | undefined {
  const [inclusive, exclusive] =
    side === 'lower' ? (['minimum', 'exclusiveMinimum'] as const) : (['maximum', 'exclusiveMaximum'] as const);
  const limits: Limit[] = [
    ...numbersOf(facts, inclusive).map((value) => ({ value, exclusive: false })),
    ...numbersOf(facts, exclusive).map((value) => ({ value, exclusive: true })),
  ];
  const ofIntegers = (facts.kinds & FRACTION) === NONE;
  return limits
    .map((limit) => (ofIntegers ? nearestInteger(limit, side) : limit))
    .reduce<Limit | undefined>((best, limit) => (best && implies(best, limit, side) ? best : limit), undefined);
}

/** Among integers, more than 4.5 is 5 or more. */
function nearestInteger({ value, exclusive }: Limit, side: Side): Limit {
  if (!Number.isSafeInteger(Math.trunc(value))) return { value, exclusive };
  if (side === 'lower') return { value: exclusive ? Math.floor(value) + 1 : Math.ceil(value), exclusive: false };
  return { value: exclusive ? Math.ceil(value) - 1 : Math.floor(value), exclusive: false };
}

/** `minLength`, `maxLength`, `minItems`, `maxItems`, `minProperties`, `maxProperties`. */
export function countRule(keyword: string, side: Side, kinds: Kinds): Rule {
  return (_proof, facts, wide, at) => {
    if ((facts.kinds & kinds) === NONE) return [];
    const value = said(wide, keyword);
    if (typeof value !== 'number') return [incomparable(keyword, wide, at)];
    if (facts.values?.every((one) => countIsWithin(one, kinds, value, side))) return [];
    const known = numbersOf(facts, keyword);
    const shown =
      side === 'lower' ? Math.max(0, leastCount(facts, kinds), ...known) >= value : Math.min(...known) <= value;
    return shown ? [] : [finding('bound', keyword, wide, at, { narrow: known[0], wide: value })];
  };
}

function leastCount(facts: Facts, kinds: Kinds): number {
  return kinds === OBJECT ? requiredNames(facts).size : 0;
}

function countIsWithin(value: unknown, kinds: Kinds, limit: number, side: Side): boolean {
  let count: number | undefined;
  // JSON Schema counts characters, not UTF-16 code units.
  if (kinds === STRING && typeof value === 'string') count = Array.from(value).length;
  if (kinds === ARRAY && Array.isArray(value)) count = value.length;
  if (kinds === OBJECT && isObject(value)) count = Object.keys(value).length;
  return count === undefined || isWithin(count, { value: limit, exclusive: false }, side);
}
