import { byCodeUnits, isObject, own } from './json.ts';
import { elementPlace, isSet, memberPlace, type Place } from './place.ts';

/** What is still to be written: a value at its place, or text. */
type Pending = { readonly value: unknown; readonly place: Place } | string;

/**
 * The one text of a JSON value: members in the order of their names' UTF-16 code units, no white space, numbers and
 * strings as ECMAScript writes them (RFC 8785). Two values have the same text exactly when they are equal. Members
 * that are undefined are left out. Any depth is fine; a value that contains itself is not JSON.
 * @throws TypeError for what JSON cannot hold: a number that is not finite, a function, a bigint
 */
export function canonicalJson(value: unknown): string {
  return canonicalText(value, 'data');
}

/** As `canonicalJson`, with the arrays that are sets at their place sorted and without repetitions. */
export function canonicalText(value: unknown, place: Place): string {
  if (typeof value !== 'object' || value === null) return scalar(value);
  let text = '';
  // A stack of our own: a schema nested ten thousand levels deep must not exhaust the call stack.
  const pending: Pending[] = [{ value, place }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') text += next;
    else if (Array.isArray(next.value)) {
      if (isSet(next.place)) text += `[${canonicalSet(next.value).join(',')}]`;
      else pushArray(pending, next.value, elementPlace(next.place));
    } else if (isObject(next.value)) pushObject(pending, next.value, next.place);
    else text += scalar(next.value);
  }
  return text;
}

/** The texts of the members of a set, sorted, each once. */
function canonicalSet(members: readonly unknown[]): string[] {
  return [...new Set(members.map(canonicalJson))].sort(byCodeUnits);
}

/** Whether two arrays hold the same values, order and repetitions aside. */
export function sameSet(before: readonly unknown[], after: readonly unknown[]): boolean {
  if (before.length === after.length && before.every((member, index) => member === after[index])) return true;
  const [a, b] = [canonicalSet(before), canonicalSet(after)];
  return a.length === b.length && a.every((member, index) => member === b[index]);
}

function pushArray(pending: Pending[], array: readonly unknown[], place: Place): void {
  pending.push(']');
  for (let index = array.length - 1; index >= 0; index--) {
    pending.push({ value: array[index], place });
    if (index > 0) pending.push(',');
  }
  pending.push('[');
}

function pushObject(pending: Pending[], object: Readonly<Record<string, unknown>>, place: Place): void {
  const keys = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort(byCodeUnits);
  pending.push('}');
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] ?? '';
    pending.push({ value: own(object, key), place: memberPlace(place, key) });
    pending.push(`${index > 0 ? ',' : ''}${JSON.stringify(key)}:`);
  }
  pending.push('{');
}

function scalar(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  throw new TypeError(`${typeof value === 'number' ? String(value) : typeof value} cannot be written as JSON`);
}
