import type { Entries } from '../entries.ts';
import { leafHash } from '../hashes.ts';
import { leafAt, positionOfLeaf, recordedAtOfLeaf } from '../leaf.ts';
import type { FirstBad } from '../../ports/audit-seal.ts';

/** The first event of a segment that is not what was sealed in its place, and what follows it. */
export interface Difference {
  /** A further event of the segment. */
  follow(leaf: Buffer): void;
  /** What was done, as far as the segment tells. */
  settle(): FirstBad;
}

/**
 * Tells what was done by looking where the sealed event went and where the one that stands there came from. Positions are
 * part of what is hashed, so each event is hashed as it would be at the position in question.
 * @param index of the entry that does not match
 * @param leaf the event that stands there
 * @param sealedAt when the segment was sealed, in milliseconds since the epoch
 */
export function createDifference(entries: Entries, index: number, leaf: Buffer, sealedAt: number): Difference {
  const position = positionOfLeaf(leaf);
  if (index >= entries.count) {
    const at = placeOf(position, entries.count > 0 ? entries.position(entries.count - 1) + 1 : 0);
    const bad: FirstBad = { position: at, fault: 'inserted', detail: 'an event stands where none was sealed' };
    return { follow: () => undefined, settle: () => bad };
  }
  const expected = { position: entries.position(index), hash: entries.hash(index) };
  const isExpected = (other: Buffer): boolean => leafHash(leafAt(other, expected.position)).equals(expected.hash);
  // Only its place is wrong, when positions have gaps.
  let foundLater = position !== expected.position && isExpected(leaf);

  const wasSealedLater = (): boolean => {
    for (let other = index + 1; other < entries.count; other++) {
      if (leafHash(leafAt(leaf, entries.position(other))).equals(entries.hash(other))) return true;
    }
    return false;
  };

  return {
    follow(other) {
      foundLater ||= isExpected(other);
    },
    settle() {
      if (position < expected.position || foundLater) {
        const at = Math.min(placeOf(position, expected.position), expected.position);
        return wasSealedLater() || (foundLater && position > expected.position)
          ? {
              position: at,
              fault: 'reordered',
              detail: 'an event stands where another was sealed, which stands elsewhere',
            }
          : { position: at, fault: 'inserted', detail: 'an event stands where none was sealed' };
      }
      const at = expected.position;
      if (position === at && recordedAtOfLeaf(leaf) > sealedAt) {
        return { position: at, fault: 'truncated', detail: 'the record was cut off here, and written on since' };
      }
      return position > expected.position || wasSealedLater()
        ? { position: at, fault: 'deleted', detail: 'a sealed event is missing' }
        : { position: at, fault: 'changed', detail: 'the event is not the one that was sealed' };
    },
  };
}

/** A position as it can be told: damage makes numbers that no log can have, and then it is told what should stand there. */
export function placeOf(position: number, expected: number): number {
  return Number.isSafeInteger(position) ? position : expected;
}
