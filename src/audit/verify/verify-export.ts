import type { Witness } from '../../ports/audit-record.ts';
import type { AuditOutcome, FirstBad } from '../../ports/audit-seal.ts';
import { frameTypes } from '../export/frames.ts';
import { BadExport, readFrames, type Frame } from '../export/read.ts';
import { readNumber, SHORTEST_LEAF } from '../leaf.ts';
import { formatKey, parseKey, type PublicKey } from '../note.ts';
import { createSelection, type Selection } from './selection.ts';
import { createVerifier, type Verifier } from './verifier.ts';
import { compareWithWitness, type WitnessFinding } from './witnessed.ts';

export interface ExportOutcome extends AuditOutcome {
  /** `selection`: chosen events, each proven to be in one checkpoint; others may be left out. */
  readonly kind: 'whole' | 'selection';
  /** The key that the file names, as signed notes write it; null when the file names none. */
  readonly key: string | null;
  /** Checkpoints of an outside witness that are the same in the file; null when none was asked. */
  readonly witnessed: number | null;
}

export interface VerifyOptions {
  /** Whose signatures count; absent: the key that the file names is believed. */
  readonly trusted?: PublicKey;
  /** What somebody else has kept. */
  readonly witness?: Pick<Required<Witness>, 'last' | 'read'>;
  readonly onProgress?: (events: number) => void;
}

interface Reading {
  readonly trusted: PublicKey | undefined;
  key: PublicKey | undefined;
  verifier: Verifier | undefined;
  selection: Selection | undefined;
  entries: Buffer | undefined;
  /** Of consistency or of inclusion: of what comes next. */
  proof: Buffer | undefined;
  checkpoints: string[];
  segments: number;
  events: number;
  ended: boolean;
}

/** Verifies an export with nothing but its bytes. Memory holds one segment's entries and one event. */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array>,
  { trusted, witness, onProgress = () => undefined }: VerifyOptions = {},
): Promise<ExportOutcome> {
  const reading: Reading = {
    trusted,
    key: undefined,
    verifier: undefined,
    selection: undefined,
    entries: undefined,
    proof: undefined,
    checkpoints: [],
    segments: 0,
    events: 0,
    ended: false,
  };
  const witnessing = witness && (await compareWithWitness(witness));
  try {
    for await (const frames of readFrames(chunks)) {
      for (const frame of frames) {
        if (!take(reading, frame)) return outcomeOf(reading, await witnessing?.take(reading.checkpoints));
      }
      const checkpoints = reading.checkpoints.splice(0);
      const finding = await witnessing?.take(checkpoints);
      if (finding?.bad !== undefined) return outcomeOf(reading, finding);
      onProgress(reading.events);
    }
    const finding = reading.selection === undefined ? witnessing?.end() : await witnessing?.take([]);
    return outcomeOf(reading, finding, reading.ended ? undefined : 'the end of the file is missing');
  } catch (error) {
    if (error instanceof BadExport) return outcomeOf(reading, undefined, error.message);
    throw error;
  }
}

/** @returns false when nothing more can be learned. @throws BadExport */
function take(reading: Reading, { type, content, whole }: Frame): boolean {
  if (reading.ended) throw new BadExport('something follows the end');
  if (reading.key === undefined) {
    // The export of a log of which nothing was sealed yet.
    if (type === frameTypes.end) return takeEnd(reading, content);
    reading.key = type === frameTypes.key ? parseKey(content.toString()) : undefined;
    if (reading.key === undefined) throw new BadExport('the file does not begin with a key');
    return true;
  }
  const key = reading.trusted ?? reading.key;
  if (type === frameTypes.end) return takeEnd(reading, content);
  if (reading.verifier === undefined && reading.selection === undefined && type === frameTypes.checkpoint) {
    reading.checkpoints.push(content.toString());
    reading.selection = createSelection(content.toString(), key);
    return reading.selection.bad === undefined;
  }
  if (reading.selection !== undefined) return takeSelected(reading, reading.selection, { type, content, whole });
  reading.verifier ??= createVerifier(key);
  return takeSealed(reading, reading.verifier, { type, content, whole });
}

function takeSealed(reading: Reading, verifier: Verifier, { type, content, whole }: Frame): boolean {
  const { entries, proof } = reading;
  switch (type) {
    case frameTypes.event:
      if (entries !== undefined) throw new BadExport('a checkpoint is missing');
      reading.events++;
      verifier.event(leafFrom(whole));
      break;
    case frameTypes.entries:
      if (entries !== undefined) throw new BadExport('a checkpoint is missing');
      reading.entries = content;
      break;
    case frameTypes.consistency:
      if (entries === undefined || proof !== undefined) throw new BadExport('a proof stands alone');
      reading.proof = content;
      break;
    case frameTypes.checkpoint:
      if (entries === undefined) throw new BadExport('a checkpoint has no entries');
      if ((proof === undefined) !== (reading.segments === 0)) throw new BadExport('a consistency proof is missing');
      reading.segments++;
      reading.checkpoints.push(content.toString());
      verifier.segment(entries, content.toString(), proof);
      reading.entries = reading.proof = undefined;
      break;
    default:
      throw new BadExport(`a frame of type ${type} does not belong here`);
  }
  return !verifier.settled;
}

function takeSelected(reading: Reading, selection: Selection, { type, content, whole }: Frame): boolean {
  const { proof } = reading;
  if (type === frameTypes.inclusion && proof === undefined) reading.proof = content;
  else if (type === frameTypes.event && proof !== undefined) {
    reading.events++;
    selection.event(leafFrom(whole), proof);
    reading.proof = undefined;
  } else throw new BadExport('an event and its proof do not stand together');
  return selection.bad === undefined;
}

function leafFrom(whole: Buffer): Buffer {
  if (whole.length < SHORTEST_LEAF) throw new BadExport('an event is shorter than any');
  return whole;
}

function takeEnd(reading: Reading, content: Buffer): boolean {
  if (reading.entries !== undefined || reading.proof !== undefined) throw new BadExport('something is missing');
  if (content.length !== 8 || readNumber(content, 0) !== reading.events) {
    throw new BadExport('there are not as many events as the end says');
  }
  reading.ended = true;
  return true;
}

const nothing: AuditOutcome = { ok: true, origin: null, events: 0, checkpoints: 0, position: 0, firstBad: null };

function outcomeOf(reading: Reading, finding?: WitnessFinding, fault?: string): ExportOutcome {
  const { selection, key } = reading;
  const found = selection === undefined ? (reading.verifier?.end() ?? nothing) : outcomeOfSelection(selection);
  const firstBad = earlier(found.firstBad, finding?.bad) ?? fileFault(found, fault);
  return {
    ...found,
    ok: firstBad === null,
    firstBad,
    kind: selection === undefined ? 'whole' : 'selection',
    key: key === undefined ? null : formatKey(key),
    witnessed: finding?.same ?? null,
  };
}

function outcomeOfSelection({ checkpoint, bad, events }: Selection): AuditOutcome {
  return {
    ok: bad === undefined,
    origin: checkpoint?.origin ?? null,
    events,
    checkpoints: checkpoint === undefined ? 0 : 1,
    position: checkpoint?.position ?? 0,
    firstBad: bad ?? null,
  };
}

function earlier(one: FirstBad | null, other: FirstBad | undefined): FirstBad | null {
  if (one === null || other === undefined) return one ?? other ?? null;
  return other.position < one.position ? other : one;
}

function fileFault({ position }: AuditOutcome, fault: string | undefined): FirstBad | null {
  return fault === undefined ? null : { position: position + 1, fault: 'file', detail: fault };
}
