import { LARGEST_FRAME, MAGIC } from './frames.ts';

export interface Frame {
  readonly type: number;
  /** Everything after the type. */
  readonly content: Buffer;
  /** The type and what follows it: the canonical bytes of an event. */
  readonly whole: Buffer;
}

/** The bytes are no export, or not all of one. */
export class BadExport extends Error {
  override readonly name = 'BadExport';
}

/**
 * The frames of an export, as it is read; memory holds one piece of the file and one frame. Several at a time, since asking
 * for each would cost more than what is done with it.
 * @throws BadExport
 */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Frame[]> {
  let begun = false;
  /** Pieces of a frame larger than they are, put together once it is complete. */
  let pieces: Buffer[] = [];
  let gathered = 0;
  let wanted = 0;
  for await (const chunk of chunks) {
    pieces.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    gathered += chunk.length;
    if (gathered < wanted) continue;
    const rest = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    let at = 0;
    if (!begun) {
      if (rest.length < MAGIC.length) {
        pieces = [rest];
        continue;
      }
      if (!rest.subarray(0, MAGIC.length).equals(MAGIC)) throw new BadExport('this is no audit export');
      begun = true;
      at = MAGIC.length;
    }
    const frames: Frame[] = [];
    wanted = 4;
    while (at + 4 <= rest.length) {
      const length = rest.readUInt32BE(at);
      if (length < 1 || length > LARGEST_FRAME) throw new BadExport('a frame has a length that no frame has');
      if (at + 4 + length > rest.length) {
        wanted = 4 + length;
        break;
      }
      const whole = rest.subarray(at + 4, at + 4 + length);
      frames.push({ type: whole[0] ?? 0, content: whole.subarray(1), whole });
      at += 4 + length;
    }
    pieces = at < rest.length ? [rest.subarray(at)] : [];
    gathered = rest.length - at;
    if (frames.length > 0) yield frames;
  }
  if (!begun) throw new BadExport('this is no audit export');
  if (gathered > 0) throw new BadExport('the file ends in the middle of a frame');
}
