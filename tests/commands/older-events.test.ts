import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import { endExecution, loadExecution } from '../../src/commands/executions.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventReader } from '../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { openSqliteReadStores } from '../../src/infrastructure/read-stores/sqlite.ts';
import { Projector } from '../../src/projections/engine/projector.ts';
import { executions } from '../../src/projections/executions/projection.ts';
import { newCommand } from './harness.ts';

const id = '0198c0de-0000-7000-8000-00000000000a';
const stream = `execution-${id}`;

/** Rows as an older version of the product wrote them, and one of a version that is yet to come. */
const rows = [
  {
    type: 'ExecutionRequested',
    data:
      '{"mcpId":"0198c0de-0000-7000-8000-000000000001","mcpVersion":1,"tool":"echo","arguments":{"message":"hello"},' +
      '"requestedBy":"user:0198c0de-0000-7000-8000-000000000002"}',
  },
  { type: 'ExecutionPondered', data: '{"thought":"is this wise?","schemaVersion":"1"}' },
  { type: 'ExecutionStarted', data: '{"attempt":1}' },
];

const metadataOf = (index: number) => ({
  eventId: `0198c0de-0000-5000-8000-00000000000${index}`,
  commandId: `0198c0de-0000-7000-8000-00000000010${index}`,
  actor: 'user:0198c0de-0000-7000-8000-000000000002',
  tenant: 'default',
  correlationId: 'c-1',
  schemaVersion: '1',
  occurredAt: '2025-11-01T10:00:00.000Z',
});

async function openOlderLog() {
  const directory = await mkdtemp(join(tmpdir(), 'annals-older-'));
  const path = join(directory, 'events.db');
  await openSqliteEventStore({ path, decode: decodeEventData }).close();
  const db = new DatabaseSync(path);
  const insert = db.prepare(
    'INSERT INTO events (position, stream, revision, type, recorded_at, metadata, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  rows.forEach(({ type, data }, index) => {
    insert.run(index + 1, stream, index, type, 1_761_991_200_000, JSON.stringify(metadataOf(index)), data);
  });
  db.close();
  const store = openSqliteEventStore({ path, decode: decodeEventData });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  const deps = {
    store,
    aggregates: createAggregateCache(),
    clock: () => 1_772_359_200_000,
    keyedHash: (text: string) => text,
  };
  return { directory, path, store, deps };
}

const upcast = {
  mcpId: '0198c0de-0000-7000-8000-000000000001',
  mcpName: '0198c0de-0000-7000-8000-000000000001',
  mcpVersion: 1,
  tool: 'echo',
  arguments: { message: 'hello' },
  mode: 'sync',
  timeoutMs: 30_000,
  requestedBy: 'user:0198c0de-0000-7000-8000-000000000002',
};

describe('events that an older version of the product has stored', () => {
  it('are read with their data in the newest version, by stream and by position', async () => {
    const { store } = await openOlderLog();
    const [requested] = await store.readStream(stream);
    expect(requested).toMatchObject({ type: 'ExecutionRequested', revision: 0, data: upcast });
    expect((await store.readAll({ after: 0, limit: 10 })).events[0]).toEqual(requested);
  });

  it('are read so from other threads and processes too', async () => {
    const { path, store } = await openOlderLog();
    const reader = openSqliteEventReader({ path, decode: decodeEventData });
    onTestFinished(() => reader.close());
    expect(await reader.readStream(stream)).toEqual(await store.readStream(stream));
  });

  it('keep the version that they were stored with, and their bytes', async () => {
    const { path, store } = await openOlderLog();
    const [requested] = await store.readStream(stream);
    expect(requested?.metadata).toEqual(metadataOf(0));
    const db = new DatabaseSync(path, { readOnly: true });
    const stored = db.prepare('SELECT data FROM events ORDER BY position').all();
    db.close();
    expect(stored.map(({ data }) => data)).toEqual(rows.map(({ data }) => data));
  });

  it('are passed on as they are when nobody knows their type', async () => {
    const { store } = await openOlderLog();
    expect((await store.readStream(stream))[1]).toMatchObject({
      type: 'ExecutionPondered',
      data: { thought: 'is this wise?', schemaVersion: '1' },
    });
  });

  it('are decided on like any others', async () => {
    const { store, deps } = await openOlderLog();
    expect(await loadExecution(deps, id)).toEqual({ status: 'running', requestedBy: upcast.requestedBy, attempts: 1 });
    const outcome = { type: 'CancelExecution', cancelledBy: 'user:u1', durationMs: 5 } as const;
    expect((await endExecution(deps, newCommand(), id, outcome)).state).toMatchObject({ status: 'cancelled' });
    expect(await store.readStream(stream)).toHaveLength(4);
  });

  it('are projected like any others', async () => {
    const { directory, store } = await openOlderLog();
    const model = await openSqliteReadStores({ dir: join(directory, 'models') }).create(executions, 1);
    onTestFinished(() => model.store.close());
    const projector = await Projector.open({
      projection: executions,
      store: model.store,
      onPoison: 'stop',
      clock: Date.now,
    });
    await projector.take(await store.readAll({ after: 0, limit: 10 }));
    expect((await model.store.load([id])).get(id)).toMatchObject({
      mcp_name: upcast.mcpId,
      mode: 'sync',
      timeout_ms: 30_000,
      status: 'running',
      attempts: 1,
    });
  });
});
