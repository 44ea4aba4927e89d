import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeSelection, writeWhole } from '../../audit/export/write.ts';
import { parseCheckpoint } from '../../audit/checkpoint.ts';
import { formatKey, publicBytes, type PublicKey } from '../../audit/note.ts';
import { createSealer, type Sealer } from '../../audit/sealer.ts';
import { verifyLog } from '../../audit/verify/verify-log.ts';
import { openSegmentStore } from '../../infrastructure/audit/segment-store.ts';
import type { RawLog, Segment, SegmentStore, Witness } from '../../ports/audit-record.ts';
import type { AuditSeal, SealedCheckpoint, SealStatus } from '../../ports/audit-seal.ts';
import type { Lease, Leases } from '../../ports/coordination.ts';
import type { Logger } from '../../ports/logger.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { Closing } from '../closing.ts';

/** How often it is looked for something new to seal. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** How long the right to seal is held without being renewed, and how often it is. Milliseconds. */
const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 5_000;

export interface SealOptions {
  /** Where what was sealed is kept. */
  readonly sealedPath: string;
  readonly key: () => KeyObject;
  readonly openLog: () => Promise<RawLog>;
  readonly witness?: { readonly kind: SealStatus['witness']; readonly open: () => Witness };
  /** Who may seal: this process alone, the one of several that holds the lease, or others. */
  readonly sealing: 'alone' | 'elsewhere' | Leases;
  readonly eventsPerCheckpoint: number;
  readonly longestWaitMs: number;
  readonly clock: () => number;
  readonly logger: Logger;
  /** What was sealed of the log that this one was copied from, when there is such a file. */
  readonly sealedBeforePath: string;
}

interface Opened {
  readonly log: RawLog;
  readonly segments: SegmentStore;
  readonly publicKey: Buffer;
  readonly sealer: Sealer;
}

/** Seals the log behind its writers for as long as the process runs, and once more when it stops. */
export function startSealing(options: SealOptions, closing: Closing): AuditSeal {
  const { clock, logger, eventsPerCheckpoint, longestWaitMs, sealing } = options;
  let opened: Promise<Opened> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let trouble: string | undefined;
  let lease: Lease | undefined;
  let renewedAt = 0;

  const open = (): Promise<Opened> => {
    opened ??= openParts().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  const openParts = async (): Promise<Opened> => {
    const privateKey = options.key();
    const witness = options.witness?.open();
    const log = await options.openLog();
    const segments = openSegmentStore(options.sealedPath, 'write');
    const parts = { log, segments, privateKey, clock, eventsPerCheckpoint, longestWaitMs, logger };
    const continues = lastCheckpointIn(options.sealedBeforePath);
    const sealer = createSealer({
      ...parts,
      ...(witness !== undefined && { witness }),
      ...(continues !== undefined && { continues }),
    });
    return { log, segments, publicKey: publicBytes(privateKey), sealer };
  };

  /** Whether this process seals now. Being wrong about it does no harm: one of two makes a checkpoint of a number. */
  const maySeal = async (): Promise<boolean> => {
    if (typeof sealing === 'string') return sealing === 'alone';
    if (lease?.held()) {
      if (clock() - renewedAt < RENEW_EVERY_MS) return true;
      renewedAt = clock();
      await lease.renew();
      return lease.held();
    }
    lease = await sealing.acquire('audit-sealer', LEASE_MS);
    renewedAt = clock();
    // What others have sealed meanwhile comes first.
    if (lease !== undefined) await (await open()).sealer.advance({ adopts: true });
    return lease !== undefined;
  };

  /** One at a time: sealing has one place where it stands. */
  const advance = (now: boolean): Promise<void> => {
    const next = turn.then(async () => {
      const { sealer } = await open();
      await sealer.advance((await maySeal()) ? { now } : { adopts: true });
    });
    turn = next.catch(() => undefined);
    return next;
  };

  const look = async (): Promise<void> => {
    try {
      if (sealing === 'alone' || (await maySeal())) await advance(false);
      trouble = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== trouble) logger.warn({ err: error }, 'sealing waits');
      trouble = reason;
    }
  };
  let looking: Promise<void> | undefined;
  const timer =
    sealing === 'elsewhere'
      ? undefined
      : setInterval(() => {
          looking ??= look().finally(() => (looking = undefined));
        }, LOOK_EVERY_MS).unref();

  closing.add('sealing', async () => {
    clearInterval(timer);
    await looking;
    try {
      if (sealing === 'alone' || lease?.held()) await advance(true);
    } catch (error) {
      logger.warn({ err: error }, 'the newest events are not sealed yet; the next start does it');
    } finally {
      await lease?.release();
      const parts = await opened;
      parts?.segments.close();
      await parts?.log.close();
    }
  });

  return {
    async status() {
      const witness = options.witness?.kind ?? 'none';
      try {
        const { sealer, publicKey, segments, log } = await open();
        const last = segments.last();
        const { broken } = sealer;
        const isElsewhere = sealing === 'elsewhere' || (sealing !== 'alone' && !lease?.held());
        const position = last?.position ?? 0;
        const found = { position, size: last?.size ?? 0, publicKey: last ? formatKey(keyOf(last, publicKey)) : null };
        if (broken !== undefined) {
          const { detail: reason, position: firstBadPosition } = broken;
          return { status: 'broken', reason, firstBadPosition, ...found, lag: await lagOf(log, position), witness };
        }
        const lag = await lagOf(log, position);
        if (trouble !== undefined) return { status: 'waiting', reason: trouble, ...found, lag, witness };
        return { status: isElsewhere ? 'elsewhere' : 'sealing', ...found, lag, witness };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { status: 'waiting', reason, position: 0, size: 0, lag: null, publicKey: null, witness };
      }
    },
    async checkpoints({ before, limit }) {
      const { segments } = await open();
      const found = segments.checkpoints({
        ...(before !== undefined && { beyond: before }),
        limit,
        direction: 'backward',
      });
      return found.map(({ checkpoint }) => shown(checkpoint));
    },
    async verify() {
      await advance(true);
      const { log, segments, publicKey } = await open();
      return verifyLog(log, segments, publicKey);
    },
    async *exportSealed(positions) {
      await advance(true);
      const source = await open();
      yield* positions === undefined ? writeWhole(source) : writeSelection(source, positions);
    },
  };
}

function lastCheckpointIn(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const before = openSegmentStore(path, 'read');
  try {
    return before.last()?.checkpoint;
  } finally {
    before.close();
  }
}

function keyOf({ checkpoint }: Pick<Segment, 'checkpoint'>, bytes: Buffer): PublicKey {
  return { name: checkpoint.slice(0, checkpoint.indexOf('\n')), bytes };
}

async function lagOf(log: RawLog, position: number): Promise<number | null> {
  try {
    return Math.max(0, (await log.head()) - position);
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}

function shown(signed: string): SealedCheckpoint {
  const checkpoint = parseCheckpoint(signed.slice(0, signed.indexOf('\n\n') + 1));
  if (checkpoint === undefined) throw new Error('a checkpoint that is kept cannot be read');
  const { sequence, size, position, time, root, chain, previous } = checkpoint;
  return {
    sequence,
    size,
    position,
    time,
    root: Buffer.from(root).toString('base64'),
    chain: Buffer.from(chain).toString('hex'),
    previous: Buffer.from(previous).toString('hex'),
    signed,
  };
}
