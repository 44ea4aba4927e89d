import { HASH_BYTES, type Digest } from './hashes.ts';
import { readNumber, writeNumber } from './leaf.ts';

/** A position and a leaf hash: what is kept of each sealed event. */
const ENTRY_BYTES = 8 + HASH_BYTES;

export function entryOf(position: number, hash: Uint8Array): Buffer {
  const entry = Buffer.allocUnsafe(ENTRY_BYTES);
  writeNumber(entry, position, 0);
  entry.set(hash, 8);
  return entry;
}

/** The sealed events of a segment, read without copying. */
export interface Entries {
  readonly count: number;
  position(index: number): number;
  hash(index: number): Buffer;
  /** The same as text, which is faster. */
  digest(index: number): Digest;
}

/** @returns undefined when the bytes are not a whole number of entries */
export function readEntries(bytes: Uint8Array): Entries | undefined {
  if (bytes.length % ENTRY_BYTES !== 0) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    count: bytes.length / ENTRY_BYTES,
    position: (index) => readNumber(buffer, index * ENTRY_BYTES),
    digest: (index) => buffer.toString('latin1', index * ENTRY_BYTES + 8, (index + 1) * ENTRY_BYTES),
    hash: (index) => buffer.subarray(index * ENTRY_BYTES + 8, (index + 1) * ENTRY_BYTES),
  };
}
