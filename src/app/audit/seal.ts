import { existsSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { writeExport } from '../../audit/export/write.ts';
import { parseCheckpoint } from '../../audit/checkpoint.ts';
import { formatKey, publicBytes } from '../../audit/note.ts';
import { createSealer, type Sealer } from '../../audit/sealer.ts';
import { verifyLog } from '../../audit/verify/verify-log.ts';
import { loadAuditKey } from '../../config/audit-key.ts';
import { openSegmentStore } from '../../infrastructure/audit/segment-store.ts';
import type { RawLog, SegmentStore, Witness } from '../../ports/audit-record.ts';
import type { AuditSeal, SealedCheckpoint, SealStatus } from '../../ports/audit-seal.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Closing } from '../closing.ts';

/** How often it is looked for something new to seal. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

export interface SealOptions {
  /** Where what was sealed is kept. */
  readonly sealedPath: string;
  readonly keyPath: string;
  /** Whether a missing key is made. */
  readonly makesKey: boolean;
  readonly openLog: () => Promise<RawLog>;
  readonly witness?: { readonly kind: SealStatus['witness']; readonly open: () => Witness };
  readonly eventsPerCheckpoint: number;
  readonly longestWaitMs: number;
  readonly clock: () => number;
  readonly logger: Logger;
}

interface Opened {
  readonly log: RawLog;
  readonly segments: SegmentStore;
  readonly privateKey: KeyObject;
  readonly sealer: Sealer;
}

/** Seals the log behind its writers for as long as the process runs, and once more when it stops. */
export function startSealing(options: SealOptions, closing: Closing): AuditSeal {
  const { clock, logger, eventsPerCheckpoint, longestWaitMs } = options;
  let opened: Promise<Opened> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let trouble: string | undefined;

  const open = (): Promise<Opened> => {
    opened ??= openParts().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  const openParts = async (): Promise<Opened> => {
    const privateKey = loadAuditKey(options.keyPath, options.makesKey && !existsSync(options.sealedPath));
    const log = await options.openLog();
    const segments = openSegmentStore(options.sealedPath, 'write');
    const witness = options.witness?.open();
    const sealer = createSealer({
      log,
      segments,
      privateKey,
      clock,
      eventsPerCheckpoint,
      longestWaitMs,
      logger,
      ...(witness !== undefined && { witness }),
    });
    return { log, segments, privateKey, sealer };
  };

  /** One at a time: sealing has one place where it stands. */
  const advance = (now: boolean): Promise<void> => {
    const next = turn.then(async () => {
      const { sealer } = await open();
      await sealer.advance({ now });
    });
    turn = next.catch(() => undefined);
    return next;
  };

  const look = async (): Promise<void> => {
    try {
      await advance(false);
      trouble = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== trouble) logger.error({ err: error }, 'sealing waits');
      trouble = reason;
    }
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => (looking = undefined));
  }, LOOK_EVERY_MS).unref();

  closing.add('sealing', async () => {
    clearInterval(timer);
    await looking;
    try {
      await advance(true);
    } finally {
      const parts = await opened;
      parts?.segments.close();
      await parts?.log.close();
    }
  });

  return {
    async status() {
      const { sealer, privateKey, log } = await open();
      const { origin, position, size } = sealer.proven;
      const { broken } = sealer;
      return {
        status: broken !== undefined ? 'broken' : trouble !== undefined ? 'waiting' : 'sealing',
        ...(broken !== undefined && { reason: broken.detail, firstBadPosition: broken.position }),
        ...(broken === undefined && trouble !== undefined && { reason: trouble }),
        position,
        size,
        lag: Math.max(0, (await log.head()) - position),
        publicKey: origin === null ? null : formatKey({ name: origin, bytes: publicBytes(privateKey) }),
        witness: options.witness?.kind ?? 'none',
      };
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
      const { log, segments, privateKey } = await open();
      return verifyLog(log, segments, publicBytes(privateKey));
    },
    async *exportSealed() {
      await advance(true);
      const { log, segments, privateKey } = await open();
      yield* writeExport(log, segments, publicBytes(privateKey));
    },
  };
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
