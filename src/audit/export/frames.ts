/**
 * An export is the line below and then frames: the length of what follows in 32 bits (big-endian), one byte that says what it
 * is, and its content. An event's frame is its canonical bytes, whose first byte is the prefix of leaves.
 */
export const MAGIC = Buffer.from('annals-audit-export 1\n');

export const frameTypes = {
  event: 0x00,
  /** The key, as `formatKey` writes it. The first frame. */
  key: 0x4b,
  /** Entries of the events that follow, up to the next one. */
  entries: 0x53,
  /** Proves that the checkpoint before is the beginning of the one that follows: hashes of 32 bytes. */
  consistency: 0x50,
  /** Proves that the event that follows is in the checkpoint: its number in 64 bits, and hashes of 32 bytes. */
  inclusion: 0x49,
  /** The signed checkpoint of these entries. */
  checkpoint: 0x43,
  /** The last frame: events in the file, in 64 bits. */
  end: 0x45,
} as const;

/** The largest frame: an event may have 16 million characters of data, of up to three bytes each, and as much metadata. */
export const LARGEST_FRAME = 128 * 1024 * 1024;

export function frame(type: number, content: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32BE(content.length + 1, 0);
  head[4] = type;
  return Buffer.concat([head, content]);
}

/** The frame of an event, whose canonical bytes bring the type with them. */
export function eventFrame(leaf: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(4 + leaf.length);
  framed.writeUInt32BE(leaf.length, 0);
  framed.set(leaf, 4);
  return framed;
}
