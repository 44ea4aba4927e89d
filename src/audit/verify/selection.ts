import type { FirstBad } from '../../ports/audit-seal.ts';
import { parseCheckpoint, type Checkpoint } from '../checkpoint.ts';
import { leafHash, readHashes } from '../hashes.ts';
import { positionOfLeaf, readNumber } from '../leaf.ts';
import { openNote, type PublicKey } from '../note.ts';
import { isIncluded } from '../proofs.ts';

/** Compares chosen events with one checkpoint, each by its own proof. */
export interface Selection {
  readonly checkpoint: Checkpoint | undefined;
  readonly bad: FirstBad | undefined;
  /** Events that are in the checkpoint. */
  readonly events: number;
  event(leaf: Buffer, proof: Buffer): void;
}

export function createSelection(signed: string, key: PublicKey): Selection {
  const note = openNote(signed, key);
  const checkpoint = note && parseCheckpoint(note.text);
  const isOwn = checkpoint?.origin === key.name;
  let bad: FirstBad | undefined = isOwn
    ? undefined
    : { position: 0, fault: 'checkpoint', detail: 'the checkpoint is not signed by the key, or of another log' };
  let events = 0;
  let last = -1;
  return {
    checkpoint: isOwn ? checkpoint : undefined,
    get bad() {
      return bad;
    },
    get events() {
      return events;
    },
    event(leaf, proof) {
      if (bad !== undefined || checkpoint === undefined) return;
      const position = positionOfLeaf(leaf);
      const path = proof.length < 8 ? undefined : readHashes(proof.subarray(8));
      const index = proof.length < 8 ? -1 : readNumber(proof, 0);
      if (index <= last) bad = { position, fault: 'reordered', detail: 'the events are not in the order of the log' };
      else if (path && isIncluded(leafHash(leaf), index, checkpoint.size, path, checkpoint.root)) {
        events++;
        last = index;
      } else bad = { position, fault: 'changed', detail: 'the event is not in the checkpoint' };
    },
  };
}
