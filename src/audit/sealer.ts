import type { KeyObject } from 'node:crypto';
import type { RawLog, SegmentStore, Witness } from '../ports/audit-record.ts';
import type { Logger } from '../ports/logger.ts';
import { checkpointHash, formatCheckpoint, originOf, parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import { entryOf } from './entries.ts';
import { leafHash, sameBytes } from './hashes.ts';
import { leafOf } from './leaf.ts';
import { openNote, publicBytes, signNote } from './note.ts';
import { createTree } from './tree.ts';
import { added, follows, nothingProven, states, type Proven } from './verify/sealed-segment.ts';

export interface SealerOptions {
  readonly log: RawLog;
  readonly segments: SegmentStore;
  readonly witness?: Witness;
  /** Ed25519. */
  readonly privateKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** A checkpoint is made as soon as so many events wait for one, and later for fewer. */
  readonly eventsPerCheckpoint: number;
  /** How long an event waits for a checkpoint at most. Milliseconds. */
  readonly longestWaitMs: number;
  readonly logger: Logger;
  /** The last signed checkpoint of the log that this one was copied from. */
  readonly continues?: string;
}

/** The record is not what was sealed of it. Nothing more is sealed: that would hide it. */
export interface SealBroken {
  readonly position: number;
  readonly detail: string;
}

export interface Sealer {
  /**
   * Takes in what is new in the log and makes the checkpoints that are due; with `now`, one for everything that stands in
   * the log. With `adopts`, makes none itself and takes over those that the witness has.
   * @throws StoreUnavailable the log cannot be read; Error the witness cannot be written: try again later
   */
  advance(options?: { readonly now?: boolean; readonly adopts?: boolean }): Promise<void>;
  readonly proven: Proven;
  /** Events taken in that no checkpoint seals yet. */
  readonly waiting: number;
  readonly broken: SealBroken | undefined;
}

/** Events read at once: about 2 ms of the thread, between which commands run. */
const SLICE = 128;

class Broken extends Error {
  override readonly name = 'Broken';
  readonly position: number;

  constructor(position: number, detail: string) {
    super(detail);
    this.position = position;
  }
}

/** Seals a log from where it was sealed last. One caller at a time. */
export function createSealer(options: SealerOptions): Sealer {
  const { log, segments, witness, privateKey, clock, eventsPerCheckpoint, longestWaitMs, logger } = options;
  const publicKey = publicBytes(privateKey);
  let proven: Proven = nothingProven;
  let resumed = false;
  let pending: Buffer[] = [];
  let pendingPosition = 0;
  let pendingSince = 0;
  let broken: SealBroken | undefined;

  const keyOf = (origin: string) => ({ name: origin, bytes: publicKey });

  /** Where sealing stopped, as it was kept beside the log. */
  const restore = (): Proven => {
    const last = segments.last();
    if (last === undefined) return nothingProven;
    const origin = last.checkpoint.slice(0, last.checkpoint.indexOf('\n'));
    const note = openNote(last.checkpoint, keyOf(origin));
    const checkpoint = note && parseCheckpoint(note.text);
    if (checkpoint === undefined) throw new Broken(last.position, 'the last checkpoint is not signed by this key');
    const tree = createTree(checkpoint.size, last.frontier);
    const found = { ...checkpoint, frontier: last.frontier, checkpoint: checkpointHash(last.checkpoint) };
    if (!sameBytes(tree.root(), checkpoint.root))
      throw new Broken(last.position, 'what sealing goes on from was changed');
    return found;
  };

  /** The last event sealed stands where it stood. */
  const requireLastEvent = async (): Promise<void> => {
    const last = segments.last();
    if (last === undefined) return;
    const { records } = await log.read({ after: last.position - 1, limit: 1 });
    const [record] = records;
    if (record?.position === last.position && sameBytes(leafHash(leafOf(record)), last.entries.subarray(-32))) return;
    const detail = record === undefined ? 'events that were sealed are missing' : 'the last sealed event was changed';
    throw new Broken(last.position, detail);
  };

  /** Checkpoints that the witness has and this place has not: another process sealed, or what was kept here is lost. */
  const adopt = async (sequence: number, signed: string): Promise<void> => {
    if (proven.origin === null) {
      const [first] = (await log.read({ limit: 1 })).records;
      if (first === undefined) throw new Broken(0, 'the witness holds a checkpoint, and the log is empty');
      proven = { ...proven, origin: originOf(leafHash(leafOf(first))) };
    }
    const following = follows(proven, signed, keyOf(proven.origin ?? ''));
    if ('problem' in following)
      throw new Broken(proven.position + 1, `checkpoint ${sequence} of the witness: ${following.problem}`);
    const { checkpoint } = following;
    const entries: Buffer[] = [];
    for (let after = startOf(proven); entries.length < checkpoint.size - proven.size;) {
      const limit = Math.min(SLICE, checkpoint.size - proven.size - entries.length);
      const slice = await log.read({ ...(after !== undefined && { after }), limit });
      for (const record of slice.records) entries.push(entryOf(record.position, leafHash(leafOf(record))));
      if (slice.end) break;
      after = slice.position;
    }
    const list = Buffer.concat(entries);
    const found = added(proven, list, signed);
    if (found === undefined || !states(checkpoint, found)) {
      throw new Broken(proven.position + 1, `the log is not what checkpoint ${sequence} of the witness seals`);
    }
    const { size, position, frontier } = found;
    if (segments.add({ sequence, size, position, entries: list, frontier, checkpoint: signed }) === 'taken') {
      throw new Error(`another process has sealed checkpoint ${sequence} otherwise`);
    }
    proven = found;
  };

  const agreeWithWitness = async (): Promise<void> => {
    if (witness?.last === undefined || witness.read === undefined) return;
    const there = await witness.last();
    const ours = proven.sequence;
    if (ours > 0 && there >= ours && (await witness.read(ours)) !== segments.get(ours)?.checkpoint) {
      throw new Broken(proven.position, `checkpoint ${ours} of the witness is another than the one kept here`);
    }
    for (let sequence = ours + 1; sequence <= there; sequence++) {
      const signed = await witness.read(sequence);
      if (signed === undefined) throw new Broken(proven.position, `the witness lacks checkpoint ${sequence}`);
      await adopt(sequence, signed);
    }
    // A witness that is new, or was away when these were made.
    for (let sequence = there + 1; sequence <= ours; sequence++) {
      const segment = segments.get(sequence);
      if (segment !== undefined) await witness.write(sequence, segment.checkpoint);
    }
  };

  const resume = async (): Promise<void> => {
    if (resumed) return;
    proven = restore();
    await agreeWithWitness();
    await requireLastEvent();
    pending = [];
    pendingPosition = proven.position;
    resumed = true;
  };

  const makeCheckpoint = async (): Promise<void> => {
    const entries = Buffer.concat(pending);
    const found = added(proven, entries, '');
    if (found === undefined || found.origin === null) throw new Error('there is nothing to seal');
    const { origin, sequence, size, position, root, chain, frontier } = found;
    const time = new Date(clock()).toISOString();
    const text = formatCheckpoint({
      origin,
      size,
      root,
      sequence,
      position,
      chain,
      previous: proven.checkpoint,
      time,
      ...(sequence === 1 && options.continues !== undefined && { continues: named(options.continues) }),
    });
    const signed = signNote(text, origin, privateKey);
    if ((await witness?.write(sequence, signed)) === 'taken' && (await witness?.read?.(sequence)) !== signed) {
      // Another process sealed meanwhile. What it sealed is taken over, and compared, before anything else.
      resumed = false;
      return;
    }
    if (segments.add({ sequence, size, position, entries, frontier, checkpoint: signed }) === 'taken') {
      resumed = false;
      return;
    }
    proven = { ...found, checkpoint: checkpointHash(signed) };
    pending = [];
  };

  const takeIn = async (now: boolean): Promise<void> => {
    await resume();
    if ((await log.head()) < pendingPosition)
      throw new Broken(pendingPosition, 'events that were taken in are missing');
    for (let end = false; !end && resumed;) {
      const limit = Math.min(SLICE, eventsPerCheckpoint - pending.length);
      const after = pending.length === 0 ? startOf(proven) : pendingPosition;
      const slice = await log.read({ ...(after !== undefined && { after }), limit });
      if (pending.length === 0) pendingSince = clock();
      for (const record of slice.records) pending.push(entryOf(record.position, leafHash(leafOf(record))));
      pendingPosition = slice.records.at(-1)?.position ?? pendingPosition;
      end = slice.end;
      if (pending.length >= eventsPerCheckpoint) await makeCheckpoint();
    }
    const isDue = now || clock() - pendingSince >= longestWaitMs;
    if (resumed && pending.length > 0 && isDue) await makeCheckpoint();
  };

  return {
    async advance({ now = false, adopts = false } = {}) {
      if (broken !== undefined) return;
      try {
        if (adopts) {
          resumed = false;
          await resume();
          return;
        }
        await takeIn(now);
        if (!resumed) await takeIn(now);
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        broken = { position: error.position, detail: error.message };
        logger.error(
          { position: error.position, detail: error.message },
          'the log is not what was sealed of it; sealing has stopped, and `annals audit verify` tells more',
        );
      }
    },
    get proven() {
      return proven;
    },
    get waiting() {
      return pending.length;
    },
    get broken() {
      return broken;
    },
  };
}

function named(signed: string): NonNullable<Checkpoint['continues']> {
  return { origin: signed.slice(0, signed.indexOf('\n')), checkpoint: checkpointHash(signed) };
}

/** From the very lowest position, before anything is sealed. */
function startOf({ size, position }: Proven): number | undefined {
  return size === 0 ? undefined : position;
}
