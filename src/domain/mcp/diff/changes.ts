import { canonicalText, sameSet } from './canonical-json.ts';
import { byCodeUnits, childPointer, isObject, own } from './json.ts';
import { elementPlace, isSet, memberPlace, type Place } from './place.ts';

/** One difference. All changes of a diff hold at once: pointers into arrays do not shift from one to the next. */
export interface Change {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly op: 'add' | 'remove' | 'replace';
  /** null when `op` is `add`. */
  readonly before: unknown;
  /** null when `op` is `remove`. */
  readonly after: unknown;
}

/** Below this many levels a difference is given as one change, so that pointers stay bounded. */
const deepest = 256;

interface Pair {
  readonly before: unknown;
  readonly after: unknown;
  readonly place: Place;
  readonly pointer: string;
  readonly depth: number;
}

/**
 * The differences between two JSON values that stand at `pointer`, sorted by pointer; undefined means absent. The order
 * of members means nothing, arrays are compared by index, arrays that are sets at their place as wholes.
 */
export function changesBetween(before: unknown, after: unknown, place: Place, pointer: string): Change[] {
  const changes: Change[] = [];
  const pending: Pair[] = [{ before, after, place, pointer, depth: 0 }];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const { before, after } = pair;
    if (before === after) continue;
    if (before === undefined) changes.push({ pointer: pair.pointer, op: 'add', before: null, after });
    else if (after === undefined) changes.push({ pointer: pair.pointer, op: 'remove', before, after: null });
    else if (canDescend(pair)) for (const inner of inside(pair)) pending.push(inner);
    else if (!sameWhole(pair)) changes.push({ pointer: pair.pointer, op: 'replace', before, after });
  }
  return changes.sort((a, b) => byCodeUnits(a.pointer, b.pointer));
}

function canDescend({ before, after, place, depth }: Pair): boolean {
  if (depth >= deepest) return false;
  if (Array.isArray(before)) return Array.isArray(after) && !isSet(place);
  return isObject(before) && isObject(after);
}

function* inside({ before, after, place, pointer, depth }: Pair): Generator<Pair> {
  const deeper = depth + 1;
  if (Array.isArray(before) && Array.isArray(after)) {
    const inElement = elementPlace(place);
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      const a: unknown = before[index];
      const b: unknown = after[index];
      if (a !== b)
        yield { before: a, after: b, place: inElement, pointer: childPointer(pointer, index), depth: deeper };
    }
  } else if (isObject(before) && isObject(after)) {
    for (const key of Object.keys(before)) {
      const [a, b] = [before[key], own(after, key)];
      if (a === b) continue;
      yield { before: a, after: b, place: memberPlace(place, key), pointer: childPointer(pointer, key), depth: deeper };
    }
    for (const key of Object.keys(after)) {
      if (Object.hasOwn(before, key)) continue;
      yield { before: undefined, after: after[key], place: 'data', pointer: childPointer(pointer, key), depth: deeper };
    }
  }
}

function sameWhole({ before, after, place, depth }: Pair): boolean {
  if (Array.isArray(before) && Array.isArray(after) && isSet(place)) return sameSet(before, after);
  // Scalars that are not identical differ, and so do values of different kinds.
  return depth >= deepest && canonicalText(before, place) === canonicalText(after, place);
}
