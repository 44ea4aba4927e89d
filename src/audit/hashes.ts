import { hash } from 'node:crypto';

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;

/** What each hash begins with, so that none can stand for one of another kind (RFC 6962 §2.1 for the first two). */
export const LEAF = 0x00;
const NODE = 0x01;
const CHAIN = 0x02;

const pair = Buffer.alloc(1 + 2 * HASH_BYTES);
pair[0] = NODE;

export function sha256(bytes: Uint8Array | string): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** Of a leaf as `leafOf` writes it: its first byte is the prefix of leaves. */
export function leafHash(leaf: Uint8Array): Buffer {
  return hash('sha256', leaf, 'buffer');
}

/**
 * A hash as text of 32 characters, one for each byte. Where each event is hashed, a text is made in half the time that a
 * buffer takes.
 */
export type Digest = string;

export function leafDigest(leaf: Uint8Array): Digest {
  return hash('sha256', leaf, 'binary');
}

/** Of an inner node of the tree (RFC 6962 §2.1). */
export function nodeDigest(left: Digest, right: Digest): Digest {
  pair.write(left, 1, 'latin1');
  pair.write(right, 1 + HASH_BYTES, 'latin1');
  return hash('sha256', pair, 'binary');
}

/** Bytes as such text. */
export function digestOf(bytes: Uint8Array): Digest {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return hash('sha256', pair, 'buffer');
}

/** The chain over all entries sealed so far, from the chain before and the entries of one segment. */
export function chainHash(before: Uint8Array, entries: Uint8Array): Buffer {
  return sha256(Buffer.concat([Uint8Array.of(CHAIN), before, entries]));
}

/** The root of a tree without leaves (RFC 6962 §2.1). */
export const emptyRoot: Uint8Array = sha256('');
/** The chain before the first segment, and what stands for the checkpoint before the first. */
export const zeroHash: Uint8Array = Buffer.alloc(HASH_BYTES);

/** Hashes that stand one after another. @returns undefined when they are not a whole number of hashes */
export function readHashes(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  if (bytes.length % HASH_BYTES !== 0) return undefined;
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
