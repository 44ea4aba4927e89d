import { checkpointHash, originOf, parseCheckpoint, type Checkpoint } from '../checkpoint.ts';
import { readEntries, type Entries } from '../entries.ts';
import { chainHash, emptyRoot, sameBytes, zeroHash } from '../hashes.ts';
import { openNote, type PublicKey } from '../note.ts';
import { createTree } from '../tree.ts';

/** How far a record is known to hold. */
export interface Proven {
  readonly origin: string | null;
  readonly sequence: number;
  readonly size: number;
  readonly position: number;
  readonly root: Uint8Array;
  readonly chain: Uint8Array;
  /** Hash of the last signed checkpoint. */
  readonly checkpoint: Uint8Array;
  readonly frontier: Uint8Array;
}

export const nothingProven: Proven = {
  origin: null,
  sequence: 0,
  size: 0,
  position: 0,
  root: emptyRoot,
  chain: zeroHash,
  checkpoint: zeroHash,
  frontier: new Uint8Array(),
};

/** What a signed checkpoint that follows another says, or why it does not follow. */
export type Following = { readonly checkpoint: Checkpoint } | { readonly problem: string };

/** Whether a signed checkpoint is this key's, and the next one of this log. */
export function follows(before: Proven, signed: string, key: PublicKey): Following {
  const note = openNote(signed, key);
  if (note === undefined) return { problem: 'the checkpoint is not signed by the key' };
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint === undefined) return { problem: 'the checkpoint cannot be read' };
  const { origin, sequence, size, previous } = checkpoint;
  if (origin !== key.name || (before.origin !== null && origin !== before.origin)) {
    return { problem: `the checkpoint is one of ${origin}` };
  }
  if (sequence !== before.sequence + 1) {
    return { problem: `checkpoint ${sequence} stands where ${before.sequence + 1} belongs` };
  }
  if (!sameBytes(previous, before.checkpoint)) return { problem: 'the checkpoint does not name the one before it' };
  if (size <= before.size) return { problem: 'the checkpoint seals nothing new' };
  return { checkpoint };
}

/** What is known once these entries are added; whether that is what the checkpoint states is `states`. */
export function added(before: Proven, entries: Uint8Array, signed: string): Proven | undefined {
  const list = readEntries(entries);
  if (list === undefined || list.count === 0) return undefined;
  const tree = createTree(before.size, before.frontier);
  for (let index = 0; index < list.count; index++) tree.add(list.digest(index));
  return {
    origin: before.origin ?? originOf(list.hash(0)),
    sequence: before.sequence + 1,
    size: tree.size,
    position: list.position(list.count - 1),
    root: tree.root(),
    chain: chainHash(before.chain, entries),
    checkpoint: checkpointHash(signed),
    frontier: tree.save(),
  };
}

/** Whether what was computed is what the checkpoint states. */
export function states(checkpoint: Checkpoint, found: Proven): boolean {
  return (
    checkpoint.origin === found.origin &&
    checkpoint.size === found.size &&
    checkpoint.position === found.position &&
    sameBytes(checkpoint.root, found.root) &&
    sameBytes(checkpoint.chain, found.chain)
  );
}

/** Positions rise, from one segment to the next as well. */
export function rises(before: Proven, entries: Entries): boolean {
  let last = before.size === 0 ? -Infinity : before.position;
  for (let index = 0; index < entries.count; index++) {
    const position = entries.position(index);
    if (position <= last) return false;
    last = position;
  }
  return true;
}
