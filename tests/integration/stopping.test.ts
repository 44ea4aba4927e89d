import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask, call, register, succeed, textOf, type Execution } from './support/api.ts';
import { stdio } from './support/mcp-servers.ts';
import { isAlive, processesOfGroup } from './support/processes.ts';
import { launch, startServer, type ServerProcess } from './support/server-process.ts';
import { openFeed } from './support/sse.ts';

let dir: string;
let dataDir: string;
let compileCache: string;
let tools: ToolServer;
let server: ServerProcess;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'annals-stopping-'));
  compileCache = join(dir, 'compiled');
  tools = await startToolServer();
});
afterAll(async () => {
  await tools.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  dataDir = mkdtempSync(join(dir, 'data-'));
  server = await start();
}, 60_000);
afterEach(async () => {
  tools.release();
  await server.kill();
});

function start(): Promise<ServerProcess> {
  return startServer({ dataDir, compileCache, env: { ANNALS_LOG_LEVEL: 'info' } });
}

/** Lines of the log that say that the server has begun to stop. */
function stops(): readonly string[] {
  return server.said.out.split('\n').filter((line) => line.includes('"message":"stopping'));
}

/** Starts again on the same data, where nothing may be left running. */
async function startAgain(): Promise<void> {
  expect(existsSync(join(dataDir, 'server.json'))).toBe(false);
  expect(existsSync(join(dataDir, 'lock.json'))).toBe(false);
  server = await start();
  expect(await ask(server, 200, 'GET', '/api/v1/executions?status=running')).toMatchObject({ items: [] });
}

/** Calls a tool that answers when the test lets it; the call runs when this is over. */
async function slowCall(): Promise<{ readonly answer: Promise<Execution> }> {
  const { id } = await register(server, 'tools', { type: 'streamable-http', url: tools.url });
  const answer = call(server, id, 'wait').then(({ body }) => body as Execution);
  // Refused connections must not go unheard while the test waits for something else.
  answer.catch(() => undefined);
  await until(() => tools.waiting > 0, 'the tool is called', 30_000);
  return { answer };
}

describe('a second process on the same data directory', () => {
  test('refuses to start, says who has it, and leaves the first alone', { timeout: 60_000 }, async () => {
    const second = launch({ dataDir, compileCache });
    expect(await second.exited).toBe(1);
    const { error } = second.said;
    expect(error).toMatch(/^annals: the data directory .* is in use by process \d+ on .*, since .*; stop it first/);
    expect(error).toContain(`process ${server.pid} `);
    expect(error).toContain(dataDir);
    expect(error).not.toContain('    at ');

    const { id } = await register(server, 'tools', { type: 'streamable-http', url: tools.url });
    expect(textOf(await succeed(server, id, 'echo', { message: 'still mine' }))).toBe('still mine');
    expect(await server.stop()).toBe(0);
    await startAgain();
  });

  test('may start when the first was killed', { timeout: 60_000 }, async () => {
    await server.kill();
    server = await start();
    expect(await ask(server, 200, 'GET', '/health')).toEqual({ status: 'ok' });
  });
});

describe('SIGTERM', () => {
  test('lets a running call end and answers it, refuses new ones, and exits with 0', { timeout: 60_000 }, async () => {
    const { answer } = await slowCall();
    server.child.kill('SIGTERM');
    await until(() => stops().length > 0, 'the server is stopping', 30_000);
    expect(await server.request('GET', '/health', { token: null })).toMatchObject({ status: 503 });
    const refused = await call(server, 'tools', 'echo', { message: 'too late' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    tools.release();
    expect(await answer).toMatchObject({ status: 'succeeded', result: { content: [{ text: 'waited' }] } });
    expect(await server.exited).toBe(0);
    await startAgain();
  });

  test('cancels a call that does not end, answers it, and exits with 0', { timeout: 60_000 }, async () => {
    // A stop that takes more than 20 s ends with exit code 1.
    const { answer } = await slowCall();
    expect(await server.stop()).toBe(0);
    const { id, status } = await answer;
    expect(status).toBe('cancelled');
    await startAgain();
    expect(await ask(server, 200, 'GET', `/api/v1/executions/${id}`)).toMatchObject({
      status: 'cancelled',
      error: { code: 'execution_cancelled', message: 'cancelled by system:shutdown' },
    });
  });

  test('ends open feeds, which can be resumed, and exits with 0', { timeout: 60_000 }, async () => {
    const feeds = await Promise.all(
      Array.from({ length: 20 }, () => openFeed(server, '/api/v1/events/stream?after=0')),
    );
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, {
      headers: { Authorization: `Bearer ${server.adminToken}` },
    });
    const closed = new Promise<number>((resolve) => void socket.on('close', (code) => resolve(code)));
    await new Promise((resolve) => void socket.on('open', resolve));
    socket.send('{"subscribe":{"topic":"events"}}');
    await new Promise((resolve) => void socket.once('message', resolve));

    const reading = feeds.map(async (feed) => {
      const ids: number[] = [];
      for await (const { id } of feed.frames()) ids.push(Number(id));
      return ids;
    });
    const { id } = await register(server, 'tools', { type: 'streamable-http', url: tools.url });
    await succeed(server, id, 'echo', { message: 'seen by all' });
    const { log } = await ask<{ log: { position: number } }>(server, 200, 'GET', '/api/v1/system');
    expect(await server.stop()).toBe(0);

    const all = Array.from({ length: log.position }, (_, index) => index + 1);
    for (const ids of await Promise.all(reading)) expect(ids).toEqual(all);
    for (const { comments } of feeds) expect(comments).toContain('the server is stopping');
    expect(await closed).toBe(1001);

    await startAgain();
    const resumed = await openFeed(server, '/api/v1/events/stream', { 'Last-Event-ID': String(log.position - 1) });
    const first = await resumed.frames().next();
    expect(first.value?.id).toBe(String(log.position));
    resumed.close();
  });

  test('takes programs along that do not want to end, with theirs', { timeout: 60_000 }, async () => {
    const { id } = await register(server, 'stubborn', stdio.misbehaving('stubborn'));
    const { pid } = JSON.parse(textOf(await succeed(server, id, 'memory'))) as { pid: number };
    const family = processesOfGroup(pid);
    expect(family.length).toBeGreaterThan(1);
    expect(await server.stop()).toBe(0);
    await until(() => family.every((member) => !isAlive(member)), 'the whole family is gone', 30_000);
  });

  test('a second one, or Ctrl-C, changes nothing', { timeout: 60_000 }, async () => {
    const { answer } = await slowCall();
    server.child.kill('SIGINT');
    await until(() => stops().length > 0, 'the server is stopping', 30_000);
    server.child.kill('SIGTERM');
    server.child.kill('SIGINT');
    tools.release();
    expect(await answer).toMatchObject({ status: 'succeeded' });
    expect(await server.exited).toBe(0);
    expect(stops()).toHaveLength(1);
  });
});
