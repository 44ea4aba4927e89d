import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pathsIn } from '../../src/app/paths.ts';
import { startFastServer, type FastServer } from '../fixtures/fast-http-server.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { until } from '../http/support/until.ts';
import { ask, register, succeed, type EventItem, type Execution } from './support/api.ts';
import { caughtUp, rebuiltRows, rowsIn, type ProjectionItem } from './support/read-models.ts';

interface DeadLetter {
  readonly stream: string;
  readonly position: number;
  readonly type: string;
  readonly error: string;
  readonly attempts: number;
}

let dataDir: string;
let fast: FastServer;
let app: TestApp;
let runs = false;
let mcpId: string;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'annals-poison-'));
  fast = await startFastServer();
  await start();
  mcpId = (await register(app, 'fast', { type: 'streamable-http', url: fast.url })).id;
});
afterEach(async () => {
  await stop();
  await fast.close();
  rmSync(dataDir, { recursive: true });
});

async function start(): Promise<void> {
  app = await startTestApp({ env: { ANNALS_DATA_DIR: dataDir } });
  runs = true;
}

async function stop(): Promise<void> {
  if (runs) await app.close();
  runs = false;
}

/** Does something to the log behind the back of the platform, which is stopped meanwhile. */
async function tamper(work: (log: DatabaseSync) => void): Promise<void> {
  await stop();
  const log = new DatabaseSync(pathsIn(dataDir).events);
  work(log);
  log.close();
  await start();
}

/** Appends a copy of a call under another id, its last event with other data. Answers its stream and that event's position. */
function appendCopy(
  log: DatabaseSync,
  id: string,
  data: string,
): { readonly stream: string; readonly position: number } {
  const stream = `execution-${randomUUID()}`;
  const rows = log.prepare('SELECT * FROM events WHERE stream = ? ORDER BY revision').all(`execution-${id}`);
  const { head } = log.prepare('SELECT max(position) AS head FROM events').get() as { head: number };
  for (const [index, row] of rows.entries()) {
    const isLast = index === rows.length - 1;
    const metadata = JSON.parse(String(row['metadata'])) as object;
    log
      .prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(
        head + index + 1,
        stream,
        Number(row['revision']),
        String(row['type']),
        Number(row['recorded_at']),
        JSON.stringify({ ...metadata, eventId: randomUUID(), commandId: randomUUID() }),
        isLast ? data : String(row['data']),
      );
  }
  return { stream, position: head + rows.length };
}

function appendAfter(log: DatabaseSync, stream: string, type: string, data: object): void {
  const last = log.prepare('SELECT * FROM events WHERE stream = ? ORDER BY revision DESC').get(stream);
  const { head } = log.prepare('SELECT max(position) AS head FROM events').get() as { head: number };
  const metadata = { ...(JSON.parse(String(last?.['metadata'])) as object), eventId: randomUUID() };
  log
    .prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(
      head + 1,
      stream,
      Number(last?.['revision']) + 1,
      type,
      Number(last?.['recorded_at']),
      JSON.stringify(metadata),
      JSON.stringify(data),
    );
}

async function models(): Promise<ReadonlyMap<string, ProjectionItem>> {
  return new Map((await caughtUp(app)).map((item) => [item.name, item]));
}

async function deadLetters(name: string): Promise<readonly DeadLetter[]> {
  const path = `/api/v1/projections/${name}/dead-letters`;
  return (await ask<{ items: DeadLetter[] }>(app, 200, 'GET', path)).items;
}

async function rebuild(name: string) {
  const path = `/api/v1/projections/${name}`;
  const { id } = await ask<{ id: string }>(app, 202, 'POST', `${path}/rebuild`, { body: {} });
  let status: Readonly<Record<string, unknown>> = {};
  const isOver = async () => {
    status = await ask(app, 200, 'GET', `${path}/rebuilds/${id}`);
    return status['status'] !== 'running';
  };
  await until(isOver, 'the rebuild is over', 60_000);
  return status;
}

describe('an event whose data is not what its type says', () => {
  test('parks its stream and nothing else, until it is mended', { timeout: 120_000 }, async () => {
    const { id } = await succeed(app, mcpId, 'echo', { message: 'well' });
    let poison = { stream: '', position: 0 };
    await tamper((log) => {
      poison = appendCopy(log, id, '{}');
      // What comes later in the same stream waits behind it.
      appendAfter(log, poison.stream, 'ExecutionCancelled', { cancelledBy: 'nobody', durationMs: 0 });
    });

    // Everything else goes on.
    const after = await succeed(app, mcpId, 'echo', { message: 'after the poison' });
    const all = await models();
    expect(all.get('executions')).toMatchObject({ status: 'live', deadLetters: 2 });
    expect(all.get('mcps')).toMatchObject({ status: 'live', deadLetters: 0 });
    const page = await ask<{ items: Execution[] }>(app, 200, 'GET', '/api/v1/executions?q=poison');
    expect(page.items.map((item) => item.id)).toEqual([after.id]);
    const stuck = await ask<Execution>(
      app,
      200,
      'GET',
      `/api/v1/executions/${poison.stream.slice('execution-'.length)}`,
    );
    expect(stuck.status).toBe('running');

    const letters = await deadLetters('executions');
    expect(letters).toMatchObject([
      { ...poison, type: 'ExecutionSucceeded', attempts: 3 },
      {
        stream: poison.stream,
        type: 'ExecutionCancelled',
        attempts: 0,
        error: 'an earlier event of this stream waits',
      },
    ]);
    expect(letters[0]?.error).toMatch(/./);
    const retry = '/api/v1/projections/executions/dead-letters/retry';
    expect(await ask(app, 200, 'POST', retry, { body: {} })).toEqual({ resolved: 0, left: 2 });
    expect(await deadLetters('executions')).toHaveLength(2);

    // A rebuild would lose what the live model has: it stops, says where, and changes nothing.
    const failed = await rebuild('executions');
    expect(failed).toMatchObject({ status: 'failed', errorPosition: poison.position });
    expect(failed['error']).toContain(`event ${poison.position} (ExecutionSucceeded)`);
    expect((await models()).get('executions')).toMatchObject({ version: 1, status: 'live' });
    const { items } = await ask<{ items: { data: object }[] }>(
      app,
      200,
      'GET',
      '/api/v1/events?type=ProjectionRebuildFailed',
    );
    expect(items).toMatchObject([{ stream: 'projection-executions' }]);

    await tamper((log) => {
      const good = log.prepare('SELECT data FROM events WHERE stream = ? AND revision = 2').get(`execution-${id}`);
      log.prepare('UPDATE events SET data = ? WHERE position = ?').run(String(good?.['data']), poison.position);
    });
    // It stays parked until somebody asks.
    expect(await deadLetters('executions')).toHaveLength(2);
    expect(await ask(app, 200, 'POST', retry, { body: { stream: poison.stream } })).toEqual({ resolved: 2, left: 0 });
    for (const [name, { deadLetters: left }] of await models()) {
      if (left > 0) await ask(app, 200, 'POST', `/api/v1/projections/${name}/dead-letters/retry`, { body: {} });
    }
    expect([...(await models()).values()].filter((model) => model.deadLetters > 0)).toEqual([]);
    // Models that the old data did not trouble hold what it said: they are built anew as well.
    for (const name of (await models()).keys()) expect(await rebuild(name)).toMatchObject({ status: 'succeeded' });
    await caughtUp(app);
    await stop();
    expect(await rowsIn(dataDir)).toEqual(await rebuiltRows(dataDir));
  });
});

test(
  'an event that is not even JSON is one more of them, and the log is shown to its end',
  { timeout: 120_000 },
  async () => {
    const { id } = await succeed(app, mcpId, 'echo', { message: 'well' });
    let poison = { stream: '', position: 0 };
    await tamper((log) => {
      poison = appendCopy(log, id, '{"result":');
    });
    const after = await succeed(app, mcpId, 'echo', { message: 'after the poison' });
    const all = await models();
    expect(all.get('executions')).toMatchObject({ status: 'live', deadLetters: 1 });
    const undecodable = `event ${poison.position} (ExecutionSucceeded) cannot be decoded`;
    expect(await deadLetters('executions')).toMatchObject([{ ...poison, error: undecodable }]);
    expect(await rebuild('executions')).toMatchObject({ status: 'failed', errorPosition: poison.position });

    const { items } = await ask<{ items: EventItem[] }>(app, 200, 'GET', '/api/v1/events?type=ExecutionSucceeded');
    expect(items.map(({ stream }) => stream)).toEqual([`execution-${id}`, poison.stream, `execution-${after.id}`]);
    expect(items[1]?.data).toEqual({ undecodable });
    // Those who follow the log, such as who watches for changed roles, are not held up either.
    const user = await app.newUser(['viewer']);
    expect((await app.request('GET', '/api/v1/mcps', { token: user.token })).status).toBe(200);
    const past = await ask<{ items: Execution[] }>(app, 200, 'GET', `/api/v1/executions?asOf=${poison.position}`);
    expect(past.items).toHaveLength(2);
  },
);
