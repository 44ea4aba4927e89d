import { canonicalJson, sameSet } from '../canonical-json.ts';
import { isObject, own, type JsonObject } from '../json.ts';
import { isSet, memberPlace, type Place } from '../place.ts';
import { isAnnotation, isSilent } from './keywords.ts';
import { referencedNode, type SchemaDocument, type SchemaNode } from './node.ts';
import type { Budget } from './proof.ts';

/** Two values at the same place of two schemas. */
interface Pair {
  readonly x: unknown;
  readonly y: unknown;
  readonly place: Place;
}

/** The documents of the two sides, and what of them counts. */
interface Reading {
  readonly a: SchemaDocument;
  readonly b: SchemaDocument;
  /** `meaning` follows references and skips what refuses no value; `text` compares all but scalar annotations. */
  readonly of: 'meaning' | 'text';
}

/**
 * Whether two schemas say the same word for word, annotations aside, references followed. False is no statement: they
 * may still mean the same. Costs from the budget; false when it runs out.
 */
export function identical(a: SchemaNode, b: SchemaNode, budget: Budget): boolean {
  const reading: Reading = { a: a.document, b: b.document, of: 'meaning' };
  return equal({ x: a.schema, y: b.schema, place: 'schema' }, reading, budget);
}

/**
 * Whether two whole documents are the same word for word but for scalar annotations: then they mean the same in any
 * dialect and whatever their references are.
 */
export function sameDocument(a: SchemaDocument, b: SchemaDocument, budget: Budget): boolean {
  return equal({ x: a.root, y: b.root, place: 'schema' }, { a, b, of: 'text' }, budget);
}

function equal(first: Pair, reading: Reading, budget: Budget): boolean {
  const seen = new Map<unknown, Map<unknown, Place>>();
  const pending = [first];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    if (--budget.left < 0) return false;
    const { x, y, place } = pair;
    if (Array.isArray(x) && Array.isArray(y) && (place === 'schema' || isSet(place))) {
      budget.left -= x.length;
      if (isSet(place) ? !sameSet(x, y) : x.length !== y.length) return false;
      if (place === 'schema')
        for (const [index, element] of x.entries()) pending.push({ x: element, y: y[index], place });
    } else if (isObject(x) && isObject(y) && place !== 'data' && place !== 'set') {
      const paired = seen.get(x);
      if (paired?.get(y) === place) continue;
      if (paired) paired.set(y, place);
      else seen.set(x, new Map([[y, place]]));
      if (!pushMembers(pending, x, y, place, reading)) return false;
    } else if (x !== y && (isScalar(x) || isScalar(y) || canonicalJson(x) !== canonicalJson(y))) return false;
  }
  return true;
}

/** Adds the members that are to be compared; false when one side lacks one of them. */
function pushMembers(pending: Pair[], x: JsonObject, y: JsonObject, place: Place, reading: Reading): boolean {
  const inSchema = place === 'schema' || place === 'schemaOrSet';
  for (const key of Object.keys(x)) {
    if (inSchema && doesNotCount(key, x, y, reading)) continue;
    if (inSchema && reading.of === 'meaning' && isReference(key)) {
      const targets = key === '$ref' ? sameTargets(x, y, reading) : undefined;
      if (!targets) return false;
      pending.push(...targets);
      continue;
    }
    const other = own(y, key);
    if (other === undefined) return false;
    if (x[key] !== other || !isScalar(other)) pending.push({ x: x[key], y: other, place: memberPlace(place, key) });
  }
  return Object.keys(y).every((key) => Object.hasOwn(x, key) || (inSchema && doesNotCount(key, x, y, reading)));
}

function isReference(key: string): boolean {
  return key === '$ref' || key === '$dynamicRef' || key === '$recursiveRef';
}

function doesNotCount(key: string, x: JsonObject, y: JsonObject, { of }: Reading): boolean {
  if (of === 'meaning') return isSilent(key);
  return isAnnotation(key) && isScalar(own(x, key)) && isScalar(own(y, key));
}

/** What two references lead to; nothing when they lead to the same other document, undefined when they may differ. */
function sameTargets(x: JsonObject, y: JsonObject, { a, b }: Reading): Pair[] | undefined {
  const [from, to] = [
    { schema: x, pointer: '', document: a },
    { schema: y, pointer: '', document: b },
  ] as const;
  const [targetX, targetY] = [referencedNode(from), referencedNode(to)];
  if (targetX && targetY) return [{ x: targetX.schema, y: targetY.schema, place: 'schema' }];
  return sameForeignReference(from, to) ? [] : undefined;
}

/** Whether both refer to the same other document. What it says is unknown, but it is the same for both. */
export function sameForeignReference(a: SchemaNode, b: SchemaNode): boolean {
  const [refA, refB] = [a, b].map(({ schema }) => (isObject(schema) ? own(schema, '$ref') : undefined));
  const [baseA, baseB] = [a, b].map(({ document }) =>
    isObject(document.root) ? own(document.root, '$id') : undefined,
  );
  if (typeof refA !== 'string' || refA.startsWith('#') || !a.document.oneResource || !b.document.oneResource)
    return false;
  return refA === refB && baseA === baseB && !(typeof baseA === 'string' && refA.startsWith(baseA.replace(/#$/, '')));
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
