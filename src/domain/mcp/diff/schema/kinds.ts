import { isObject, own } from '../json.ts';

/**
 * A set of kinds of JSON values, as bits. Numbers are two kinds, the integers and the rest, so that `integer` within
 * `number` is a plain subset.
 */
export type Kinds = number;

export const NULL: Kinds = 1;
export const BOOLEAN: Kinds = 2;
export const INTEGER: Kinds = 4;
export const FRACTION: Kinds = 8;
export const STRING: Kinds = 16;
export const ARRAY: Kinds = 32;
export const OBJECT: Kinds = 64;
export const NUMBER: Kinds = INTEGER | FRACTION;
export const ANY: Kinds = 127;
export const NONE: Kinds = 0;

const kindsOfType: ReadonlyMap<unknown, Kinds> = new Map([
  ['null', NULL],
  ['boolean', BOOLEAN],
  ['integer', INTEGER],
  ['number', NUMBER],
  ['string', STRING],
  ['array', ARRAY],
  ['object', OBJECT],
]);

/** The types into which a set of kinds can be told apart by the keyword `type`. */
export function typesOf(kinds: Kinds): string[] {
  const types = [];
  for (const [type, ofType] of kindsOfType) {
    if (type === 'integer' ? (kinds & NUMBER) === INTEGER : type === 'number' ? kinds & FRACTION : kinds & ofType) {
      types.push(String(type));
    }
  }
  return types;
}

/** What people call the kinds, for sentences. */
export function kindNames(kinds: Kinds): string[] {
  if ((kinds & NUMBER) === FRACTION) return [...typesOf(kinds & ~FRACTION), 'numbers that are not integers'];
  return typesOf(kinds);
}

export function kindOf(value: unknown): Kinds {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOLEAN;
  if (typeof value === 'string') return STRING;
  if (typeof value === 'number') return Number.isInteger(value) ? INTEGER : FRACTION;
  return Array.isArray(value) ? ARRAY : isObject(value) ? OBJECT : NONE;
}

/**
 * What the keyword `type` of a schema allows; undefined when it is missing or not understood. `nullable` counts, since
 * validators in use honour it although JSON Schema does not define it.
 */
export function declaredKinds(schema: Readonly<Record<string, unknown>>): Kinds | undefined {
  const type = own(schema, 'type');
  if (type === undefined) return undefined;
  let kinds = own(schema, 'nullable') === true ? NULL : NONE;
  for (const name of Array.isArray(type) ? type : [type]) {
    const named = kindsOfType.get(name);
    if (named === undefined) return undefined;
    kinds |= named;
  }
  return kinds;
}
