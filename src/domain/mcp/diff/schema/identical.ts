import { canonicalJson, canonicalSet } from '../canonical-json.ts';
import { isObject, own } from '../json.ts';
import { isSet, memberPlace, type Place } from '../place.ts';
import { isAnnotation, isSilent } from './keywords.ts';
import { referencedNode, rootNode, type SchemaDocument, type SchemaNode } from './node.ts';
import type { Budget } from './proof.ts';

interface Pair {
  readonly a: SchemaNode;
  readonly b: SchemaNode;
  readonly place: Place;
}

/** `meaning` follows references and skips what refuses no value; `text` compares every word but scalar annotations. */
type Reading = 'meaning' | 'text';

/**
 * Whether two schemas say the same word for word, annotations aside, references followed. False is no statement: they
 * may still mean the same. Costs from the budget; false when it runs out.
 */
export function identical(a: SchemaNode, b: SchemaNode, budget: Budget): boolean {
  return equal({ a, b, place: 'schema' }, 'meaning', budget);
}

/**
 * Whether two whole documents are the same word for word but for scalar annotations: then they mean the same in any
 * dialect and whatever their references are.
 */
export function sameDocument(a: SchemaDocument, b: SchemaDocument, budget: Budget): boolean {
  return equal({ a: rootNode(a), b: rootNode(b), place: 'schema' }, 'text', budget);
}

function equal(first: Pair, reading: Reading, budget: Budget): boolean {
  const seen = new Map<unknown, Map<unknown, Place>>();
  const pending = [first];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    if (--budget.left < 0) return false;
    const { place } = pair;
    const [x, y] = [pair.a.schema, pair.b.schema];
    if (Array.isArray(x) && Array.isArray(y) && place === 'schema') {
      if (x.length !== y.length) return false;
      for (const [index, element] of x.entries()) pending.push(below(pair, element, y[index], place));
    } else if (isObject(x) && isObject(y) && place !== 'data' && place !== 'set') {
      const paired = seen.get(x) ?? new Map<unknown, Place>();
      if (paired.get(y) === place) continue;
      seen.set(x, paired.set(y, place));
      const members = memberPairs(pair, reading);
      if (!members) return false;
      for (const member of members) pending.push(member);
    } else if (Array.isArray(x) && Array.isArray(y) && isSet(place)) {
      budget.left -= x.length + y.length;
      if (canonicalSet(x).join() !== canonicalSet(y).join()) return false;
    } else if (x !== y && canonicalJson(x) !== canonicalJson(y)) return false;
  }
  return true;
}

/** The members to compare; undefined when one side lacks one of them. */
function memberPairs(pair: Pair, reading: Reading): Pair[] | undefined {
  const [x, y] = [pair.a.schema, pair.b.schema];
  const inSchema = pair.place === 'schema' || pair.place === 'schemaOrSet';
  const pairs: Pair[] = [];
  if (!isObject(x) || !isObject(y)) return undefined;
  for (const key of new Set([...Object.keys(x), ...Object.keys(y)])) {
    const [u, v] = [own(x, key), own(y, key)];
    if (inSchema && reading === 'text' && isAnnotation(key) && isScalar(u) && isScalar(v)) continue;
    if (inSchema && reading === 'meaning') {
      if (isSilent(key)) continue;
      if (key === '$dynamicRef' || key === '$recursiveRef') return undefined;
      if (key === '$ref') {
        const target = targetPair(pair);
        if (target) pairs.push(target);
        if (target || sameForeignReference(pair.a, pair.b)) continue;
        return undefined;
      }
    }
    if (u === undefined || v === undefined) return undefined;
    pairs.push(below(pair, u, v, memberPlace(pair.place, key)));
  }
  return pairs;
}

function targetPair({ a, b }: Pair): Pair | undefined {
  const [targetA, targetB] = [referencedNode(a), referencedNode(b)];
  return targetA && targetB ? { a: targetA, b: targetB, place: 'schema' } : undefined;
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

function below({ a, b }: Pair, x: unknown, y: unknown, place: Place): Pair {
  // Nobody asks where the parts of equal schemas stand, so they keep their parent's pointer.
  return { a: { ...a, schema: x }, b: { ...b, schema: y }, place };
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
