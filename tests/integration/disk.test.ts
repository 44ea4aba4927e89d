import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';
import { pathsIn } from '../../src/app/paths.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { checkAcknowledged } from '../fault/check-acknowledged.ts';
import { checkRecord } from '../fault/check-record.ts';
import { acknowledgementOf, type AcknowledgedCommand } from '../fault/server-load.ts';
import type { Reply } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask, call, register, succeed, textOf, type Execution, type Problem } from './support/api.ts';
import { caughtUp, rebuiltRows, rowsIn } from './support/read-models.ts';
import { launch, startServer, type ServerProcess } from './support/server-process.ts';

/** A file system of the test's own. */
let disk: string;
let dataDir: string;
let mounted: boolean;
let tools: ToolServer;
let server: ServerProcess | undefined;

beforeEach(async () => {
  disk = mkdtempSync(join(tmpdir(), 'annals-disk-'));
  dataDir = join(disk, 'data');
  mounted = false;
  server = undefined;
  tools = await startToolServer();
});
afterEach(async () => {
  tools.release();
  await server?.kill();
  await tools.close();
  if (mounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

function mountOrSkip(context: TestContext): void {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk], { stdio: 'pipe' });
    mounted = true;
  } catch (error) {
    context.skip(`mounting a file system is not permitted here: ${String(error)}`);
  }
  mkdirSync(dataDir, { mode: 0o700 });
}

/** Takes all the room that is left. */
function fillDisk(): string {
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  } catch (error) {
    // Somebody else has taken some of it meanwhile: it is full all the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
  return ballast;
}

function expectUnavailable(reply: Reply): void {
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((reply.body as Problem).detail).not.toMatch(/SQLITE|ENOSPC|\//);
}

test(
  'a full disk: commands are refused, reads go on, nothing acknowledged is lost, and it heals by itself',
  { timeout: 180_000 },
  async (context) => {
    mountOrSkip(context);
    server = await startServer({ dataDir });
    const running = server;
    const { id } = await register(running, 'tools', { type: 'streamable-http', url: tools.url });
    const acknowledged: AcknowledgedCommand[] = [];
    const echo = async (): Promise<Reply> => {
      const reply = await call(running, id, 'echo', { message: crypto.randomUUID() });
      if (reply.status === 200) acknowledged.push(acknowledgementOf(reply, 'execution'));
      return reply;
    };
    expect((await echo()).status).toBe(200);

    // A call is under way when the disk fills up.
    const cut = call(running, id, 'wait', { message: 'cut' });
    await until(() => tools.waiting > 0, 'the tool is called', 30_000);
    const ballast = fillDisk();
    let refused = await echo();
    // What the write-ahead log has room for already is taken.
    await until(
      async () => refused.status !== 200 || (refused = await echo()).status !== 200,
      'the disk is full',
      120_000,
    );
    expectUnavailable(refused);
    expectUnavailable(
      await running.request('PATCH', `/api/v1/mcps/${id}`, { body: { description: 'x'.repeat(4000) } }),
    );
    tools.release();
    expectUnavailable(await cut);

    const listed = await ask<{ items: Execution[] }>(running, 200, 'GET', '/api/v1/executions?limit=200');
    expect(listed.items.length).toBeGreaterThan(0);
    for (const { resource } of acknowledged.slice(-10)) {
      const path = `/api/v1/executions/${resource.id}?asOf=${acknowledged.at(-1)?.position}`;
      expect(await ask<Execution>(running, 200, 'GET', path)).toEqual(resource);
    }
    await ask(running, 200, 'GET', `/api/v1/mcps/${id}`);
    await ask(running, 200, 'GET', '/api/v1/events?limit=5');
    expect(await ask(running, 200, 'GET', '/health/live', { token: null })).toEqual({ status: 'ok' });

    truncateSync(ballast, 0);
    let healed = await echo();
    await until(
      async () => healed.status === 200 || (healed = await echo()).status === 200,
      'it takes commands again',
      60_000,
    );
    // How the call ended that was under way is recorded late.
    const unended = async () =>
      (await ask<{ items: Execution[] }>(running, 200, 'GET', '/api/v1/executions?status=running')).items;
    await until(async () => (await unended()).length === 0, 'every call has its end', 60_000);
    expect(textOf(await succeed(running, id, 'echo', { message: 'all is well' }))).toBe('all is well');
    const ended = await ask<{ items: Execution[] }>(running, 200, 'GET', '/api/v1/executions?tool=wait');
    expect(ended.items).toMatchObject([{ status: 'succeeded', arguments: { message: 'cut' } }]);
    await caughtUp(running);
    expect(await running.stop()).toBe(0);

    const store = openSqliteEventStore({ path: pathsIn(dataDir).events, decode: decodeEventData });
    expect(await checkRecord(store, [])).toEqual([]);
    expect(await checkAcknowledged(store, acknowledged, 0)).toEqual([]);
    await store.close();
    expect(await rowsIn(dataDir)).toEqual(await rebuiltRows(dataDir));
  },
);

test(
  'a read-only file system: it refuses to start and says why, and starts when it can write',
  { timeout: 60_000 },
  async (context) => {
    mountOrSkip(context);
    server = await startServer({ dataDir });
    const { id } = await register(server, 'tools', { type: 'streamable-http', url: tools.url });
    expect(await server.stop()).toBe(0);

    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const refused = launch({ dataDir });
    expect(await refused.exited).toBe(1);
    expect(refused.said.error).toMatch(/^annals: the data directory .* cannot be used: .*read-only\n$/);
    expect(refused.said.error).toContain(dataDir);

    execFileSync('mount', ['-o', 'remount,rw', disk]);
    server = await startServer({ dataDir });
    expect(textOf(await succeed(server, id, 'echo', { message: 'back' }))).toBe('back');
  },
);

test('a data directory without permission to write: the same', { timeout: 60_000 }, async (context) => {
  if (process.getuid?.() === 0) context.skip('root may write everywhere');
  mkdirSync(dataDir, { mode: 0o500 });
  const refused = launch({ dataDir });
  expect(await refused.exited).toBe(1);
  expect(refused.said.error).toMatch(/^annals: .*permission is denied/);
  chmodSync(dataDir, 0o700);
  server = await startServer({ dataDir });
});
