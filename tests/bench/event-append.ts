import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EventToAppend } from '../../src/ports/event-store.ts';
import { openSqliteEventReader } from '../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { figure } from './row.ts';
import type { BenchRow } from './row.ts';

const EVENTS = 40_000;
const SLICE = 2_000;
const TYPES = ['ExecutionRequested', 'ExecutionStarted', 'ExecutionSucceeded'] as const;

/**
 * Appending and reading events on this machine's disk, against what `node:sqlite` alone does with the same rows.
 * The events are those of executions: a stream of three each, about 600 bytes of JSON.
 */
export async function benchAppend({ events = EVENTS }: { readonly events?: number } = {}): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'annals-bench-'));
  try {
    rawBatches(join(dir, 'warm-up.sqlite'), events / 10, 10);
    const floor = rawBatches(join(dir, 'raw.sqlite'), events, 10);
    const path = join(dir, 'events.sqlite');
    const appended = await appendWithWriters(path, events, 16);
    const alone = await appendWithWriters(path, events / 20, 1);
    const rawAlone = rawBatches(join(dir, 'raw-alone.sqlite'), events / 20, 1);
    const read = await readBack(path);
    return [
      rowOf('event append, 16 writers, FULL', appended, floor, {
        goal: '≥ 15,000 events/s, ≥ 0.3 × raw SQLite batches of 10',
        met: appended >= 15_000 && appended >= 0.3 * floor,
      }),
      rowOf('event append, 1 writer, FULL', alone, rawAlone, { goal: '–', met: true }),
      {
        what: `events read in slices of ${figure(SLICE)}`,
        value: `${figure(read)} events/s`,
        floor: '–',
        ratio: '–',
        goal: '≥ 150,000 events/s',
        met: read >= 150_000,
      },
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function rowOf(
  what: string,
  value: number,
  floor: number,
  { goal, met }: { readonly goal: string; readonly met: boolean },
): BenchRow {
  return {
    what,
    value: `${figure(value)} events/s`,
    floor: `${figure(floor)} events/s`,
    ratio: figure(value / floor),
    goal,
    met,
  };
}

/** The floor: prepared inserts in transactions, the same table and the same durability, nothing else. */
function rawBatches(path: string, events: number, batch: number): number {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384');
  db.exec(
    `CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL,
     type TEXT NOT NULL, recorded_at INTEGER NOT NULL, metadata TEXT NOT NULL, data TEXT NOT NULL,
     UNIQUE (stream, revision)) STRICT`,
  );
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
  const began = performance.now();
  let stream = '';
  for (let position = 0; position < events;) {
    db.exec('BEGIN IMMEDIATE');
    for (let index = 0; index < batch; index++, position++) {
      const revision = position % 3;
      if (revision === 0) stream = newStream();
      const { type, metadata, data } = executionEvent(revision);
      insert.run(position + 1, stream, revision, type, Date.now(), JSON.stringify(metadata), JSON.stringify(data));
    }
    db.exec('COMMIT');
  }
  const rate = perSecond(events, began);
  db.close();
  return rate;
}

async function appendWithWriters(path: string, events: number, writers: number): Promise<number> {
  const store = openSqliteEventStore({ path, decode: (_type, _version, data) => data });
  const before = await store.head();
  const began = performance.now();
  let begun = 0;
  const write = async (): Promise<void> => {
    while (begun < events) {
      const stream = newStream();
      for (let revision = 0; revision < 3; revision++) {
        begun++;
        await store.append(stream, revision - 1, [executionEvent(revision)]);
      }
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const rate = perSecond((await store.head()) - before, began);
  await store.close();
  return rate;
}

async function readBack(path: string): Promise<number> {
  const reader = openSqliteEventReader({ path, decode: (_type, _version, data) => data });
  let after = 0;
  const began = performance.now();
  for (let end = false; !end;) {
    const slice = await reader.readAll({ after, limit: SLICE });
    after = slice.position;
    end = slice.end;
  }
  const rate = perSecond(after, began);
  await reader.close();
  return rate;
}

function perSecond(count: number, began: number): number {
  return (count / (performance.now() - began)) * 1000;
}

/** Ids begin with the time, as the product's do, so that new streams stand together in the index. */
function newStream(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `execution-${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

function executionEvent(revision: number): EventToAppend {
  return {
    type: TYPES[revision] ?? TYPES[2],
    data: {
      mcpId: '0192f1c3-5a7e-7c21-9b1d-3f0f6a1c2d3e',
      version: 3,
      tool: 'echo',
      arguments: { message: 'hello world', repeat: revision },
      result: { content: [{ type: 'text', text: 'Echo: hello world' }] },
    },
    metadata: {
      eventId: randomUUID(),
      commandId: randomUUID(),
      actor: 'user:0192f1c3-5a7e-7c21-9b1d-3f0f6a1c2d3f',
      tenant: 'default',
      correlationId: '0192f1c3-5a7e-7c21-9b1d-3f0f6a1c2d40',
      schemaVersion: '1',
      occurredAt: new Date().toISOString(),
      remoteAddress: '127.0.0.1',
    },
  };
}

if (import.meta.main) console.table(await benchAppend());
