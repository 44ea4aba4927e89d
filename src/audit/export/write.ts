import type { RawLog, SegmentStore } from '../../ports/audit-record.ts';
import { leafOf, writeNumber } from '../leaf.ts';
import { formatKey } from '../note.ts';
import { eventFrame, frame, frameTypes, MAGIC } from './frames.ts';

const SLICE = 256;

/**
 * Everything that was sealed, as one file: for each checkpoint its entries, the checkpoint, and the events as they stand in
 * the log now. Whether these are what was sealed is for the reader to find out.
 * @param publicKey 32 bytes
 */
export async function* writeExport(
  log: RawLog,
  segments: Pick<SegmentStore, 'get'>,
  publicKey: Buffer,
): AsyncGenerator<Buffer> {
  let events = 0;
  yield MAGIC;
  let after: number | undefined;
  for (let sequence = 1; ; sequence++) {
    const segment = segments.get(sequence);
    if (segment === undefined) break;
    const { checkpoint, entries, position: through } = segment;
    if (sequence === 1) {
      const name = checkpoint.slice(0, checkpoint.indexOf('\n'));
      yield frame(frameTypes.key, Buffer.from(formatKey({ name, bytes: publicKey })));
    }
    yield frame(frameTypes.entries, entries);
    yield frame(frameTypes.checkpoint, Buffer.from(checkpoint));
    for (let end = false; !end;) {
      const slice = await log.read({ ...(after !== undefined && { after }), limit: SLICE });
      const within = slice.records.filter(({ position }) => position <= through);
      if (within.length > 0) yield Buffer.concat(within.map((record) => eventFrame(leafOf(record))));
      events += within.length;
      end = slice.end || within.length < slice.records.length || slice.position >= through;
      after = Math.min(slice.position, through);
    }
  }
  const count = Buffer.alloc(8);
  writeNumber(count, events, 0);
  yield frame(frameTypes.end, count);
}
