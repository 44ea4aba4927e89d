import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SegmentStore } from '../ports/audit-record.ts';
import { readEntries, type Entries } from './entries.ts';
import { HASH_BYTES, nodeHash, type Digest } from './hashes.ts';
import { splitOf, type Subtree } from './proofs.ts';
import { createTree } from './tree.ts';

/** Leaves below each subtree that is kept in memory: 32 bytes for so many events. */
const BLOCK = 1_024;

/**
 * The subtrees that a consistency proof between two neighbouring checkpoints needs: those of the older tree are in its
 * frontier, all others are over the new leaves.
 */
export function newSubtrees(
  older: { readonly size: number; readonly frontier: Uint8Array },
  entries: Entries,
): Subtree {
  const known = new Map<number, Uint8Array>();
  let from = 0;
  for (let at = 0, rest = older.size; rest > 0; at += HASH_BYTES) {
    const width = splitOf(rest + 1);
    known.set(from, older.frontier.subarray(at, at + HASH_BYTES));
    [from, rest] = [from + width, rest - width];
  }
  return function subtree(begin, end) {
    const kept = end <= older.size ? known.get(begin) : undefined;
    if (kept !== undefined) return kept;
    if (begin < older.size) throw new RangeError(`leaves ${begin} to ${end} are no subtree that is known`);
    const tree = createTree();
    for (let index = begin; index < end; index++) tree.add(entries.digest(index - older.size));
    return tree.root();
  };
}

/** Any subtree of what was sealed, after one walk over it. */
export async function allSubtrees(
  segments: Pick<SegmentStore, 'get' | 'holding'>,
  size: number,
  sequence: number,
): Promise<Subtree> {
  const blocks: Uint8Array[] = [];
  let tree = createTree();
  for (let number = 1; number <= sequence; number++) {
    const entries = readEntries(segments.get(number)?.entries ?? new Uint8Array());
    for (let index = 0; entries !== undefined && index < entries.count; index++) {
      tree.add(entries.digest(index));
      if (tree.size < BLOCK) continue;
      blocks.push(tree.root());
      tree = createTree();
    }
    await nextTurn();
  }
  let near: { readonly from: number; readonly hashes: readonly Digest[] } | undefined;

  /** The leaves of one block, kept because those asked for next are mostly in it. */
  const leavesOf = (from: number): readonly Digest[] => {
    if (near?.from === from) return near.hashes;
    const hashes: Digest[] = [];
    while (hashes.length < BLOCK && from + hashes.length < size) {
      const at = from + hashes.length;
      const segment = segments.holding(at);
      const entries = segment && readEntries(segment.entries);
      if (segment === undefined || entries === undefined) throw new Error(`the leaf ${at} is not kept`);
      const begin = segment.size - entries.count;
      for (let index = at - begin; index < entries.count && hashes.length < BLOCK; index++)
        hashes.push(entries.digest(index));
    }
    near = { from, hashes };
    return hashes;
  };

  return function subtree(from, to): Uint8Array {
    if (to - from === BLOCK) {
      const block = blocks[from / BLOCK];
      if (block !== undefined) return block;
    }
    if (to - from <= BLOCK) {
      const begin = Math.floor(from / BLOCK) * BLOCK;
      const part = createTree();
      for (const hash of leavesOf(begin).slice(from - begin, to - begin)) part.add(hash);
      return part.root();
    }
    const middle = from + splitOf(to - from);
    return nodeHash(subtree(from, middle), subtree(middle, to));
  };
}
