import type { AuditOutcome } from '../../ports/audit-seal.ts';
import { frameTypes } from '../export/frames.ts';
import { BadExport, readFrames, type Frame } from '../export/read.ts';
import { readNumber } from '../leaf.ts';
import { formatKey, parseKey, type PublicKey } from '../note.ts';
import { createVerifier, type Verifier } from './verifier.ts';

export interface ExportOutcome extends AuditOutcome {
  /** The key that the file names, as signed notes write it; null when the file names none. */
  readonly key: string | null;
}

interface Reading {
  key: PublicKey | undefined;
  verifier: Verifier | undefined;
  /** Entries whose checkpoint comes next. */
  entries: Buffer | undefined;
  events: number;
  ended: boolean;
}

/**
 * Verifies an export with nothing but its bytes. Memory holds one segment's entries and one event.
 * @param options `trusted`: 32 bytes of the key that signed; absent: the key that the file names is believed
 */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array>,
  options: { readonly trusted?: Uint8Array; readonly onProgress?: (events: number) => void } = {},
): Promise<ExportOutcome> {
  const { trusted, onProgress = () => undefined } = options;
  const reading: Reading = { key: undefined, verifier: undefined, entries: undefined, events: 0, ended: false };
  try {
    for await (const frames of readFrames(chunks)) {
      for (const frame of frames) {
        if (!take(reading, frame, trusted)) return outcomeOf(reading);
      }
      onProgress(reading.events);
    }
    return outcomeOf(reading, reading.ended ? undefined : 'the end of the file is missing');
  } catch (error) {
    if (error instanceof BadExport) return outcomeOf(reading, error.message);
    throw error;
  }
}

/** @returns false when nothing more can be learned. @throws BadExport */
function take(reading: Reading, { type, content, whole }: Frame, trusted: Uint8Array | undefined): boolean {
  if (reading.ended) throw new BadExport('something follows the end');
  const { verifier } = reading;
  if (verifier === undefined) {
    const key = type === frameTypes.key ? parseKey(content.toString()) : undefined;
    if (key === undefined) throw new BadExport('the file does not begin with a key');
    reading.key = key;
    reading.verifier = createVerifier(trusted === undefined ? key : { ...key, bytes: Buffer.from(trusted) });
    return true;
  }
  if (type === frameTypes.checkpoint) {
    if (reading.entries === undefined) throw new BadExport('a checkpoint has no entries');
    verifier.segment(reading.entries, content.toString());
    reading.entries = undefined;
    return !verifier.settled;
  }
  if (reading.entries !== undefined) throw new BadExport('a checkpoint is missing');
  switch (type) {
    case frameTypes.event:
      reading.events++;
      verifier.event(whole);
      break;
    case frameTypes.entries:
      reading.entries = content;
      break;
    case frameTypes.end:
      if (content.length !== 8 || readNumber(content, 0) !== reading.events) {
        throw new BadExport('there are not as many events as the end says');
      }
      reading.ended = true;
      break;
    default:
      throw new BadExport(`there is no frame of type ${type}`);
  }
  return !verifier.settled;
}

const nothing: AuditOutcome = { ok: true, origin: null, events: 0, checkpoints: 0, position: 0, firstBad: null };

function outcomeOf({ verifier, key }: Reading, fault?: string): ExportOutcome {
  const found = { ...(verifier?.end() ?? nothing), key: key === undefined ? null : formatKey(key) };
  if (fault === undefined || found.firstBad !== null) return found;
  return { ...found, ok: false, firstBad: { position: found.position + 1, fault: 'file', detail: fault } };
}
