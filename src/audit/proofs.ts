import { nodeHash, sameBytes } from './hashes.ts';

/** The root of the tree over the leaves from one number up to another, which is not among them. */
export type Subtree = (from: number, to: number) => Uint8Array;

/** What proves that a leaf is in a tree: RFC 6962 §2.1.1. */
export function inclusionPath(index: number, size: number, subtree: Subtree): readonly Uint8Array[] {
  const path: Uint8Array[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push(subtree(middle, to));
      to = middle;
    } else {
      path.push(subtree(from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** What proves that a tree is the beginning of a larger one: RFC 6962 §2.1.2. */
export function consistencyPath(older: number, size: number, subtree: Subtree): readonly Uint8Array[] {
  const path: Uint8Array[] = [];
  let [from, to] = [0, size];
  /** The tree in view is the whole of the older one, whose root the verifier has. */
  let isKnown = true;
  while (older < to) {
    const middle = from + splitOf(to - from);
    if (older <= middle) {
      path.push(subtree(middle, to));
      to = middle;
    } else {
      path.push(subtree(from, middle));
      from = middle;
      isKnown = false;
    }
  }
  if (!isKnown) path.push(subtree(from, to));
  return path.reverse();
}

/** Whether a path leads from a leaf to the root: RFC 9162 §2.1.3.2. */
export function isIncluded(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index >= size) return false;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const other of path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(other, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else hash = nodeHash(hash, other);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameBytes(hash, root);
}

/** Whether a path shows that the older tree is the beginning of the newer one: RFC 9162 §2.1.4.2. */
export function isConsistent(
  older: { readonly size: number; readonly root: Uint8Array },
  newer: { readonly size: number; readonly root: Uint8Array },
  path: readonly Uint8Array[],
): boolean {
  if (older.size === 0 || older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && sameBytes(older.root, newer.root);
  const [first, ...rest] = isPowerOfTwo(older.size) ? [older.root, ...path] : path;
  if (first === undefined) return false;
  let [node, last] = [older.size - 1, newer.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let [before, after] = [first, first];
  for (const other of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      before = nodeHash(other, before);
      after = nodeHash(other, after);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else after = nodeHash(after, other);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameBytes(before, older.root) && sameBytes(after, newer.root);
}

/** The largest power of two below a size of at least two: where a tree is divided. */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Sizes may exceed 32 bits, so none of this is done by bit operations. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function isPowerOfTwo(value: number): boolean {
  return value === 1 || splitOf(value) * 2 === value;
}
