import { digestOf, emptyRoot, HASH_BYTES, nodeDigest, type Digest } from './hashes.ts';

/** A Merkle tree (RFC 6962 §2.1) to which leaves are added, kept as the roots of its full subtrees. */
export interface Tree {
  readonly size: number;
  add(leaf: Digest): void;
  root(): Uint8Array;
  /** The roots of its full subtrees, the largest first. */
  save(): Buffer;
}

/**
 * @param size leaves that the tree has
 * @param frontier what `save` gave for them
 * @throws RangeError the two do not belong together
 */
export function createTree(size = 0, frontier: Uint8Array = new Uint8Array()): Tree {
  let leaves = size;
  const subtrees: Digest[] = [];
  for (let at = 0; at < frontier.length; at += HASH_BYTES)
    subtrees.push(digestOf(frontier.subarray(at, at + HASH_BYTES)));
  if (frontier.length !== subtreesOf(size) * HASH_BYTES) {
    throw new RangeError(`a tree of ${size} leaves does not consist of ${frontier.length / HASH_BYTES} subtrees`);
  }
  return {
    get size() {
      return leaves;
    },
    add(leaf) {
      let digest = leaf;
      // Each trailing one of the count stands for a full subtree as large as what was made so far.
      for (let rest = leaves; rest % 2 === 1; rest = Math.floor(rest / 2)) {
        const left = subtrees.pop();
        if (left !== undefined) digest = nodeDigest(left, digest);
      }
      subtrees.push(digest);
      leaves++;
    },
    root() {
      const last = subtrees.at(-1);
      if (last === undefined) return emptyRoot;
      const root = subtrees.slice(0, -1).reduceRight((right, left) => nodeDigest(left, right), last);
      return Buffer.from(root, 'latin1');
    },
    save: () => Buffer.from(subtrees.join(''), 'latin1'),
  };
}

/** Full subtrees of a tree: the ones of its size in binary. */
function subtreesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
