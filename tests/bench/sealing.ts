import { generateKeyPairSync, hash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeWhole } from '../../src/audit/export/write.ts';
import { leafOf } from '../../src/audit/leaf.ts';
import { publicBytes } from '../../src/audit/note.ts';
import { createSealer } from '../../src/audit/sealer.ts';
import { verifyExport } from '../../src/audit/verify/verify-export.ts';
import { openSegmentStore } from '../../src/infrastructure/audit/segment-store.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { openSqliteRawLog } from '../../src/infrastructure/event-store/sqlite-raw-log.ts';
import type { EventToAppend } from '../../src/ports/event-store.ts';
import { figure, type BenchRow } from './row.ts';
import { silent } from '../support/silent-logger.ts';

const EVENTS = 200_000;
const TOGETHER = 500;
const RUNS = 3;

/**
 * Sealing a log that is there, and verifying an export of it, against SHA-256 over the same bytes held in memory. Events
 * are those of executions, about 600 bytes of JSON.
 */
export async function benchSealing({ events = EVENTS }: { readonly events?: number } = {}): Promise<
  readonly BenchRow[]
> {
  const dir = mkdtempSync(join(tmpdir(), 'annals-bench-'));
  try {
    const path = join(dir, 'events.sqlite');
    await fill(path, events);
    const log = openSqliteRawLog(path);
    const { privateKey } = generateKeyPairSync('ed25519');
    const floor = await hashing(log, events);
    let sealing = 0;
    let segments = openSegmentStore(join(dir, 'audit-0.sqlite'), 'write');
    for (let run = 1; run <= RUNS; run++) {
      segments.close();
      segments = openSegmentStore(join(dir, `audit-${run}.sqlite`), 'write');
      const options = { clock: Date.now, eventsPerCheckpoint: 10_000, longestWaitMs: 0, logger: silent };
      const sealer = createSealer({ log, segments, privateKey, ...options });
      const began = performance.now();
      await sealer.advance({ now: true });
      sealing = Math.max(sealing, perSecond(sealer.proven.size, began));
    }
    const file = join(dir, 'record.sealed');
    await pipeline(writeWhole({ log, segments, publicKey: publicBytes(privateKey) }), createWriteStream(file));
    let verifying = 0;
    for (let run = 0; run < RUNS; run++) {
      const began = performance.now();
      const outcome = await verifyExport(createReadStream(file, { highWaterMark: 1024 * 1024 }));
      if (!outcome.ok || outcome.events !== events) throw new Error(`verified: ${JSON.stringify(outcome)}`);
      verifying = Math.max(verifying, perSecond(events, began));
    }
    segments.close();
    await log.close();
    return [
      rowOf('sealing the embedded log', sealing, floor, 50_000),
      rowOf('verifying an export offline', verifying, floor, 200_000),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function rowOf(what: string, value: number, floor: number, goal: number): BenchRow {
  return {
    what,
    value: `${figure(value)} events/s`,
    floor: `${figure(floor)} events/s SHA-256 over the same bytes`,
    ratio: figure(value / floor),
    goal: `≥ ${figure(goal)} events/s`,
    met: value >= goal,
  };
}

/** The floor: one hash for each event, of bytes that are in memory already. */
async function hashing(log: ReturnType<typeof openSqliteRawLog>, events: number): Promise<number> {
  const { records } = await log.read({ limit: 5_000 });
  const leaves = records.map(leafOf);
  let best = 0;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    for (let done = 0; done < events; done += leaves.length) {
      for (const leaf of leaves) hash('sha256', leaf, 'binary');
    }
    best = Math.max(best, perSecond(Math.ceil(events / leaves.length) * leaves.length, began));
  }
  return best;
}

async function fill(path: string, events: number): Promise<void> {
  const store = openSqliteEventStore({ path, decode: (_type, _version, data) => data });
  for (let done = 0; done < events; done += TOGETHER) {
    await store.append(`execution-${randomUUID()}`, -1, Array.from({ length: TOGETHER }, eventOf));
  }
  await store.close();
}

function eventOf(): EventToAppend {
  const id = randomUUID();
  return {
    type: 'ExecutionSucceeded',
    data: { result: { content: [{ type: 'text', text: 'x'.repeat(200) }] }, durationMs: 12, attempt: 1 },
    metadata: {
      eventId: id,
      commandId: id,
      actor: 'user:0198c0de-0000-7000-8000-000000000002',
      tenant: 'default',
      correlationId: id,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      schemaVersion: '1',
      occurredAt: '2026-01-01T00:00:00.000Z',
      remoteAddress: '127.0.0.1',
    },
  };
}

function perSecond(count: number, began: number): number {
  return (count / (performance.now() - began)) * 1000;
}
