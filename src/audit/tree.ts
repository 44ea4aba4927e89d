import { emptyRoot, HASH_BYTES, nodeHash } from './hashes.ts';

/** A Merkle tree (RFC 6962 §2.1) to which leaves are added, kept as the roots of its full subtrees. */
export interface Tree {
  readonly size: number;
  add(leafHash: Uint8Array): void;
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
  const subtrees: Uint8Array[] = [];
  for (let at = 0; at < frontier.length; at += HASH_BYTES) subtrees.push(frontier.slice(at, at + HASH_BYTES));
  if (frontier.length !== subtreesOf(size) * HASH_BYTES) {
    throw new RangeError(`a tree of ${size} leaves does not consist of ${frontier.length / HASH_BYTES} subtrees`);
  }
  return {
    get size() {
      return leaves;
    },
    add(leafHash) {
      let hash = leafHash;
      // Each trailing one of the count stands for a full subtree as large as what was made so far.
      for (let rest = leaves; rest % 2 === 1; rest = Math.floor(rest / 2)) {
        const left = subtrees.pop();
        if (left !== undefined) hash = nodeHash(left, hash);
      }
      // A leaf that is kept must not change with its owner's buffer.
      subtrees.push(hash === leafHash ? Buffer.from(hash) : hash);
      leaves++;
    },
    root: () =>
      subtrees.reduceRight<Uint8Array | undefined>(
        (right, left) => (right ? nodeHash(left, right) : left),
        undefined,
      ) ?? emptyRoot,
    save: () => Buffer.concat(subtrees),
  };
}

/** Full subtrees of a tree: the ones of its size in binary. */
function subtreesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
