import type { RawLog, SegmentStore } from '../../ports/audit-record.ts';
import { readEntries } from '../entries.ts';
import { leafOf, writeNumber } from '../leaf.ts';
import { formatKey } from '../note.ts';
import { consistencyPath, inclusionPath } from '../proofs.ts';
import { allSubtrees, newSubtrees } from '../subtrees.ts';
import { eventFrame, frame, frameTypes, MAGIC } from './frames.ts';

const SLICE = 256;

/** What an export is made of. `publicKey`: 32 bytes. */
export interface ExportSource {
  readonly log: RawLog;
  readonly segments: SegmentStore;
  readonly publicKey: Buffer;
}

/**
 * Everything that was sealed, as one file: for each checkpoint its entries, the proof that it continues the one before, the
 * checkpoint, and the events as they stand in the log now. Whether these are what was sealed is for the reader to find out.
 */
export async function* writeWhole({ log, segments, publicKey }: ExportSource): AsyncGenerator<Buffer> {
  let events = 0;
  let after: number | undefined;
  let older = { size: 0, frontier: new Uint8Array() as Uint8Array };
  yield MAGIC;
  for (let sequence = 1; ; sequence++) {
    const segment = segments.get(sequence);
    if (segment === undefined) break;
    const { checkpoint, entries, position: through, size, frontier } = segment;
    if (sequence === 1) yield keyFrame(checkpoint, publicKey);
    yield frame(frameTypes.entries, entries);
    if (sequence > 1) {
      const list = readEntries(entries);
      if (list === undefined) throw new Error(`the entries of checkpoint ${sequence} cannot be read`);
      const path = consistencyPath(older.size, size, newSubtrees(older, list));
      yield frame(frameTypes.consistency, Buffer.concat(path));
    }
    yield frame(frameTypes.checkpoint, Buffer.from(checkpoint));
    older = { size, frontier };
    for (let end = false; !end;) {
      const slice = await log.read({ ...(after !== undefined && { after }), limit: SLICE });
      const within = slice.records.filter(({ position }) => position <= through);
      if (within.length > 0) yield Buffer.concat(within.map((record) => eventFrame(leafOf(record))));
      events += within.length;
      end = slice.end || within.length < slice.records.length || slice.position >= through;
      after = Math.min(slice.position, through);
    }
  }
  yield endFrame(events);
}

/**
 * Chosen events, each with the proof that it is in the newest checkpoint: for those who may not see all of them.
 * @param positions in log order
 */
export async function* writeSelection(
  { log, segments, publicKey }: ExportSource,
  positions: AsyncIterable<number>,
): AsyncGenerator<Buffer> {
  let events = 0;
  yield MAGIC;
  const last = segments.last();
  if (last !== undefined) {
    const { checkpoint, size, sequence } = last;
    yield keyFrame(checkpoint, publicKey);
    yield frame(frameTypes.checkpoint, Buffer.from(checkpoint));
    const subtree = await allSubtrees(segments, size, sequence);
    for await (const position of positions) {
      const index = numberOf(segments, position);
      const [record] = (await log.read({ after: position - 1, limit: 1 })).records;
      // What came after the checkpoint is in the next one.
      if (index === undefined || record?.position !== position) continue;
      const number = Buffer.alloc(8);
      writeNumber(number, index, 0);
      yield frame(frameTypes.inclusion, Buffer.concat([number, ...inclusionPath(index, size, subtree)]));
      yield eventFrame(leafOf(record));
      events++;
    }
  }
  yield endFrame(events);
}

/** Which leaf of the tree stands for the event at a position. */
function numberOf(segments: SegmentStore, position: number): number | undefined {
  const segment = segments.reaching(position);
  const entries = segment && readEntries(segment.entries);
  if (segment === undefined || entries === undefined) return undefined;
  let [low, high] = [0, entries.count - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (entries.position(middle) < position) low = middle + 1;
    else high = middle;
  }
  return entries.position(low) === position ? segment.size - entries.count + low : undefined;
}

function keyFrame(checkpoint: string, bytes: Buffer): Buffer {
  const name = checkpoint.slice(0, checkpoint.indexOf('\n'));
  return frame(frameTypes.key, Buffer.from(formatKey({ name, bytes })));
}

function endFrame(events: number): Buffer {
  const count = Buffer.alloc(8);
  writeNumber(count, events, 0);
  return frame(frameTypes.end, count);
}
