import type { StoredRecord } from '../ports/audit-record.ts';
import { LEAF } from './hashes.ts';

/** The prefix byte and three numbers of 8 bytes. */
const HEAD = 1 + 3 * 8;
const LENGTH = 4;

/** Bytes of an event whose texts are all empty. */
export const SHORTEST_LEAF = HEAD + 4 * LENGTH;

/**
 * The canonical bytes of an event, which are hashed and which an export carries: 0x00, then position, time of recording
 * and revision as signed 64-bit numbers, then stream, type, metadata and data, each after its length in 32 bits. All
 * numbers are big-endian (docs/audit-format.md).
 */
export function leafOf({ position, recordedAt, revision, stream, type, metadata, data }: StoredRecord): Buffer {
  const fields = [stream, type, metadata, data];
  const leaf = Buffer.allocUnsafe(HEAD + fields.reduce((total, field) => total + LENGTH + field.length, 0));
  leaf[0] = LEAF;
  writeNumber(leaf, position, 1);
  writeNumber(leaf, recordedAt, 9);
  writeNumber(leaf, revision, 17);
  let at = HEAD;
  for (const field of fields) {
    leaf.writeUInt32BE(field.length, at);
    leaf.set(field, at + LENGTH);
    at += LENGTH + field.length;
  }
  return leaf;
}

/** The event that canonical bytes stand for; undefined when they are not what `leafOf` writes. */
export function recordOf(leaf: Buffer): StoredRecord | undefined {
  if (leaf.length < HEAD || leaf[0] !== LEAF) return undefined;
  const fields: Buffer[] = [];
  let at = HEAD;
  while (fields.length < 4) {
    if (at + LENGTH > leaf.length) return undefined;
    const end = at + LENGTH + leaf.readUInt32BE(at);
    if (end > leaf.length) return undefined;
    fields.push(leaf.subarray(at + LENGTH, end));
    at = end;
  }
  const [stream, type, metadata, data] = fields;
  if (at !== leaf.length || !stream || !type || !metadata || !data) return undefined;
  const [position, recordedAt, revision] = [readNumber(leaf, 1), readNumber(leaf, 9), readNumber(leaf, 17)];
  return { position, recordedAt, revision, stream, type, metadata, data };
}

/** The position in canonical bytes that are long enough to have one. */
export function positionOfLeaf(leaf: Buffer): number {
  return readNumber(leaf, 1);
}

/** When it was recorded, likewise. */
export function recordedAtOfLeaf(leaf: Buffer): number {
  return readNumber(leaf, 9);
}

/** The same event as it would read at another position. */
export function leafAt(leaf: Uint8Array, position: number): Buffer {
  const moved = Buffer.from(leaf);
  writeNumber(moved, position, 1);
  return moved;
}

/** Writes a whole number as 64 bits. Faster than by way of a BigInt, which every event would make. */
export function writeNumber(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 2 ** 32, at + 4);
}

export function readNumber(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
}
