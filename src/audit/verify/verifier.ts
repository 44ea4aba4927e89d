import type { Checkpoint } from '../checkpoint.ts';
import { entryOf, readEntries, type Entries } from '../entries.ts';
import { leafDigest, readHashes } from '../hashes.ts';
import { positionOfLeaf } from '../leaf.ts';
import type { PublicKey } from '../note.ts';
import { isConsistent } from '../proofs.ts';
import { createDifference, placeOf, type Difference } from './difference.ts';
import type { AuditOutcome, FirstBad } from '../../ports/audit-seal.ts';
import { added, follows, nothingProven, rises, states, type Proven } from './sealed-segment.ts';

/** Compares a record with what was sealed of it: segment by segment, and each segment's events after it. */
export interface Verifier {
  /** The next segment: the entries of its events, its signed checkpoint, and the proof that it continues the one before. */
  segment(entries: Uint8Array, signed: string, proof?: Uint8Array): void;
  /** The next event, as `leafOf` writes it. */
  event(leaf: Buffer): void;
  /** Nothing more can be learned: the first bad place is known. */
  readonly settled: boolean;
  /** How far the record is known to hold. */
  readonly proven: Proven;
  /** There is nothing more, or only what was not sealed yet. What was found. */
  end(options?: { readonly more?: boolean }): AuditOutcome;
}

interface Current {
  readonly checkpoint: Checkpoint;
  readonly signed: string;
  readonly entries: Entries;
  /** What the entries lead to. */
  readonly found: Proven;
  /** The entries are not what the checkpoint states: the events have to tell who is right. */
  readonly actual: Buffer[] | undefined;
}

/** @param key whose checkpoints count */
export function createVerifier(key: PublicKey): Verifier {
  let proven: Proven = nothingProven;
  let current: Current | undefined;
  /** Events of the current segment that were as sealed. */
  let matched = 0;
  let difference: Difference | undefined;
  let bad: FirstBad | undefined;
  /** The bad place may be the end of the record: any event that follows says that it is not. */
  let maybeEnd = false;
  /** It seems changed: unless what was sealed there is the first event after the segment, where something was inserted. */
  let undecided: Difference | undefined;

  const finish = (): void => {
    if (current === undefined || bad !== undefined) return;
    const { entries, checkpoint, found, actual, signed } = current;
    const first = entries.count > 0 ? entries.position(0) : proven.position + 1;
    if (actual !== undefined) {
      const events = Buffer.concat(actual);
      const own = added(proven, events, signed);
      const disagrees = Math.min(matched, entries.count - 1);
      bad =
        own !== undefined && states(checkpoint, own)
          ? {
              position: readEntries(events)?.position(Math.min(matched, actual.length - 1)) ?? first,
              fault: 'sealed_list',
              detail: 'the list of sealed hashes is not what the checkpoint seals; the events are',
            }
          : {
              position: proven.size === 0 ? Math.min(first, entries.position(disagrees)) : proven.position + 1,
              through: checkpoint.position,
              fault: 'changed',
              detail: 'neither the events nor the list of their hashes is what the checkpoint seals',
            };
    } else if (difference !== undefined) {
      bad = difference.settle();
      if (bad.fault === 'changed') undecided = difference;
    } else if (matched < entries.count) {
      maybeEnd = true;
      bad = { position: entries.position(matched), fault: 'deleted', detail: 'a sealed event is missing' };
    } else proven = found;
    current = undefined;
  };

  const refuse = (detail: string, position: number, through?: number): void => {
    bad = {
      position,
      ...(through === undefined || through <= position ? {} : { through }),
      fault: 'checkpoint',
      detail,
    };
  };

  return {
    segment(bytes, signed, proof) {
      finish();
      if (bad !== undefined) return;
      matched = 0;
      difference = undefined;
      const entries = readEntries(bytes);
      const first = entries !== undefined && entries.count > 0 ? entries.position(0) : proven.position + 1;
      const following = follows(proven, signed, key);
      if ('problem' in following) {
        refuse(following.problem, first, entries?.count ? entries.position(entries.count - 1) : undefined);
        return;
      }
      const path = proof && readHashes(proof);
      if (proof !== undefined && !(path && isConsistent(proven, following.checkpoint, path))) {
        refuse('the consistency proof does not hold', first, following.checkpoint.position);
        return;
      }
      const found = added(proven, bytes, signed);
      if (entries === undefined || found === undefined) {
        refuse('there is no list of sealed hashes', first);
        return;
      }
      const isSealed = states(following.checkpoint, found) && rises(proven, entries);
      current = { checkpoint: following.checkpoint, signed, entries, found, actual: isSealed ? undefined : [] };
    },

    event(leaf) {
      if (bad !== undefined) {
        maybeEnd = false;
        undecided?.follow(leaf);
        bad = undecided?.settle() ?? bad;
        undecided = undefined;
        return;
      }
      const position = positionOfLeaf(leaf);
      if (current === undefined) {
        const at = placeOf(position, proven.position + 1);
        bad = { position: at, fault: 'inserted', detail: 'an event stands where none was sealed' };
        return;
      }
      const { entries, actual } = current;
      if (difference !== undefined) {
        difference.follow(leaf);
        return;
      }
      const digest = leafDigest(leaf);
      actual?.push(entryOf(position, Buffer.from(digest, 'latin1')));
      const isSame =
        matched < entries.count && entries.position(matched) === position && digest === entries.digest(matched);
      if (isSame && (actual === undefined || matched === actual.length - 1)) matched++;
      else if (actual === undefined) {
        difference = createDifference(entries, matched, leaf, Date.parse(current.checkpoint.time));
      }
    },

    get settled() {
      return bad !== undefined && !maybeEnd && undecided === undefined;
    },
    get proven() {
      return proven;
    },

    end({ more = false } = {}) {
      finish();
      if (bad !== undefined && maybeEnd && !more)
        bad = { ...bad, fault: 'truncated', detail: 'the record ends here; more was sealed' };
      const { origin, sequence, size, position } = proven;
      const events = size + (bad === undefined ? 0 : matched);
      return { ok: bad === undefined, origin, events, checkpoints: sequence, position, firstBad: bad ?? null };
    },
  };
}
