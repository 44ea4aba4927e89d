import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { writeSelection, writeWhole } from '../../src/audit/export/write.ts';
import { publicBytes } from '../../src/audit/note.ts';
import { createSealer, type Sealer, type SealerOptions } from '../../src/audit/sealer.ts';
import { openSegmentStore } from '../../src/infrastructure/audit/segment-store.ts';
import type { RawLog, SegmentStore, StoredRecord, Witness } from '../../src/ports/audit-record.ts';
import { silent } from '../support/silent-logger.ts';

/** RFC 8032, section 7.1, test 1: a key that everybody knows. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

export const privateKey: KeyObject = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
});
export const publicKey = publicBytes(privateKey);

/** A log in memory whose bytes a test may change. */
export interface ChangeableLog extends RawLog {
  readonly records: StoredRecord[];
  add(count: number): void;
}

export function record(position: number, text = `event ${position}`): StoredRecord {
  return {
    position,
    stream: Buffer.from(`mcp-${position}`),
    revision: 0,
    type: Buffer.from('McpRegistered'),
    recordedAt: 1_700_000_000_000 + position,
    metadata: Buffer.from(JSON.stringify({ eventId: `id-${position}`, actor: 'user:1' })),
    data: Buffer.from(JSON.stringify({ text })),
  };
}

/** @param step positions from one event to the next: more than 1 as in EventStoreDB */
export function logOf(count: number, step = 1): ChangeableLog {
  const records: StoredRecord[] = [];
  const log: ChangeableLog = {
    records,
    add(more) {
      for (let last = records.at(-1)?.position ?? 0; more > 0; more--) records.push(record((last += step)));
    },
    read: async ({ after = -Infinity, limit }) => {
      const rest = records.filter(({ position }) => position > after);
      const found = rest.slice(0, limit);
      return {
        records: found,
        position: found.at(-1)?.position ?? Math.max(after, 0),
        end: found.length === rest.length,
      };
    },
    head: async () => records.at(-1)?.position ?? 0,
    close: async () => undefined,
  };
  log.add(count);
  return log;
}

export interface World {
  readonly dir: string;
  readonly log: ChangeableLog;
  readonly segments: SegmentStore;
  /** A sealer that starts, as after a restart. */
  sealer(options?: Partial<SealerOptions>): Sealer;
  /** What was sealed, kept nowhere. */
  forget(): SegmentStore;
  whole(): Promise<Buffer>;
  selection(...positions: readonly number[]): Promise<Buffer>;
  dispose(): void;
}

export function newWorld(log: ChangeableLog, witness?: Witness): World {
  const dir = mkdtempSync(join(tmpdir(), 'annals-audit-'));
  const segments = openSegmentStore(join(dir, 'audit.sqlite'), 'write');
  const opened = [segments];
  return {
    dir,
    log,
    segments,
    sealer: (options = {}) =>
      createSealer({
        log,
        segments,
        ...(witness !== undefined && { witness }),
        privateKey,
        clock: () => Date.UTC(2026, 0, 1),
        eventsPerCheckpoint: 4,
        longestWaitMs: 60_000,
        logger: silent,
        ...options,
      }),
    forget() {
      const other = openSegmentStore(join(dir, `audit-${opened.length}.sqlite`), 'write');
      opened.push(other);
      return other;
    },
    whole: () => buffer(writeWhole({ log, segments, publicKey })),
    selection: (...positions) => buffer(writeSelection({ log, segments, publicKey }, each(positions))),
    dispose() {
      for (const store of opened) store.close();
      rmSync(dir, { recursive: true });
    },
  };
}

async function* each(positions: readonly number[]): AsyncGenerator<number> {
  yield* positions;
}

/** A file in pieces of one size, as a disk gives it. */
export async function* pieces(bytes: Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
