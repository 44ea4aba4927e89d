import type { RawLog, SegmentStore } from '../../ports/audit-record.ts';
import { leafOf } from '../leaf.ts';
import type { AuditOutcome } from '../../ports/audit-seal.ts';
import { createVerifier } from './verifier.ts';

const SLICE = 256;

/**
 * Verifies a log against what was sealed of it.
 * @param publicKey 32 bytes
 */
export async function verifyLog(
  log: RawLog,
  segments: Pick<SegmentStore, 'get'>,
  publicKey: Buffer,
  onProgress: (events: number) => void = () => undefined,
): Promise<AuditOutcome> {
  const first = segments.get(1);
  const name = first === undefined ? '' : first.checkpoint.slice(0, first.checkpoint.indexOf('\n'));
  const verifier = createVerifier({ name, bytes: publicKey });
  let after: number | undefined;
  let events = 0;
  for (let sequence = 1; !verifier.settled; sequence++) {
    const segment = segments.get(sequence);
    if (segment === undefined) break;
    verifier.segment(segment.entries, segment.checkpoint);
    for (let end = false; !end;) {
      const slice = await log.read({ ...(after !== undefined && { after }), limit: SLICE });
      const within = slice.records.filter(({ position }) => position <= segment.position);
      for (const record of within) verifier.event(leafOf(record));
      events += within.length;
      onProgress(events);
      const isOver = slice.end || within.length < slice.records.length || slice.position >= segment.position;
      end = isOver || verifier.settled;
      after = Math.min(slice.position, segment.position);
    }
  }
  const beyond = await log.read({ ...(after !== undefined && { after }), limit: 1 });
  return verifier.end({ more: beyond.records.length > 0 });
}
