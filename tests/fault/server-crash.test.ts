import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pathsIn } from '../../src/app/paths.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { readOn } from '../contract/event-store/helpers.ts';
import { startFastServer, type FastServer } from '../fixtures/fast-http-server.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { ask, type Mcp } from '../integration/support/api.ts';
import { caughtUp, rebuiltRows, rowsIn } from '../integration/support/read-models.ts';
import { launch, startServer, type ServerOptions, type ServerProcess } from '../integration/support/server-process.ts';
import { checkAcknowledged, endsOf } from './check-acknowledged.ts';
import { checkRecord } from './check-record.ts';
import { checkReadModels, cutCallsAreEnded, listedEnds, sendAgain } from './check-server.ts';
import { startLoad, type AcknowledgedCommand, type InDoubt, type Targets } from './server-load.ts';

const KILLS = 50;

let fast: FastServer;
let slow: ToolServer;

beforeAll(async () => {
  [fast, slow] = await Promise.all([startFastServer(), startToolServer()]);
});
afterAll(async () => {
  await Promise.all([fast.close(), slow.close()]);
});

describe('a server killed with SIGKILL while it works', () => {
  let dir: string;
  let options: ServerOptions;
  /** To be ended when a test fails. */
  const children = new Set<ChildProcess>();

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'annals-server-crash-'));
    options = {
      dataDir: join(dir, 'data'),
      compileCache: join(dir, 'compiled'),
      // One log-in serves all processes.
      env: { ANNALS_ACCESS_TOKEN_TTL_MS: '86400000', ANNALS_LOG_LEVEL: 'warn' },
    };
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    rmSync(dir, { recursive: true, force: true });
  });

  async function start(): Promise<ServerProcess> {
    const server = await startServer(options);
    children.add(server.child);
    return server;
  }

  /** Registers what the load needs. A clean stop leaves the compiled modules behind, for quicker starts. */
  async function prepare(): Promise<Targets> {
    const server = await start();
    const register = async (name: string, url: string): Promise<string> => {
      const body = { name, transport: { type: 'streamable-http', url } };
      return (await ask<Mcp>(server, 201, 'POST', '/api/v1/mcps', { body })).id;
    };
    const targets = { fast: await register('fast', fast.url), slow: await register('slow', slow.url), url: fast.url };
    options = { ...options, token: server.adminToken };
    expect(await server.stop()).toBe(0);
    return targets;
  }

  /** Works until so many commands are acknowledged, and dies. Answers what its clients know then. */
  async function workAndDie(server: ServerProcess, targets: Targets, moment: number) {
    const load = startLoad(server, targets, (count) => {
      if (count >= moment) server.child.kill('SIGKILL');
    });
    await load.lost;
    slow.release();
    expect(await server.exited).toBe('SIGKILL');
    return load;
  }

  /** Compares the log with what was acknowledged since a position. */
  async function checkLog(acknowledged: readonly AcknowledgedCommand[], after: number) {
    const store = openSqliteEventStore({ path: pathsIn(options.dataDir).events, decode: decodeEventData });
    const findings = [
      ...(await checkRecord(store, [], { after })),
      ...(await checkAcknowledged(store, acknowledged, after)),
    ];
    const head = await store.head();
    await store.close();
    return { findings, head };
  }

  it(`has kept each acknowledged command exactly once, ${KILLS} times over`, { timeout: 280_000 }, async () => {
    const targets = await prepare();
    const everything: AcknowledgedCommand[] = [];
    let inDoubt: readonly InDoubt[] = [];
    let last: readonly AcknowledgedCommand[] = [];
    let after = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % 5 === 3) {
        await dieEarly();
        continue;
      }
      const server = await start();
      // One time in two the calls of the last process have been ended before, the other time they are being ended.
      if (kill % 2 === 0) await cutCallsAreEnded(server, after);
      everything.push(...(await sendAgain(server, inDoubt)));
      await checkReadModels(server, last.slice(-20), after);

      const moment = 1 + Math.floor(Math.random() ** 2 * 60);
      const load = await workAndDie(server, targets, moment);
      const { findings, head } = await checkLog(load.acknowledged, after);
      expect(findings, `kill ${kill}, at ${moment} acknowledged commands`).toEqual([]);
      everything.push(...load.acknowledged);
      ({ acknowledged: last, inDoubt } = load);
      after = head;
    }
    expect(everything.length).toBeGreaterThan(KILLS * 5);

    const server = await start();
    await cutCallsAreEnded(server, after);
    everything.push(...(await sendAgain(server, inDoubt)));
    const { log } = await ask<{ log: { position: number } }>(server, 200, 'GET', '/api/v1/system');
    await checkReadModels(server, everything.slice(-100), log.position);
    const calls = await listedEnds(server, log.position);
    await caughtUp(server);
    expect(await server.stop()).toBe(0);

    // Every call has an end; those that a kill cut are ended as interrupted; and the list tells it as the log does.
    const ends = await endsInLog();
    const kinds = new Set(ends.values());
    expect(kinds).toEqual(new Set(['ExecutionSucceeded', 'execution_interrupted']));
    expect(Object.fromEntries(calls)).toEqual(Object.fromEntries(ends));
    expect((await checkLog(everything, 0)).findings).toEqual([]);
    expect(await rowsIn(options.dataDir)).toEqual(await rebuiltRows(options.dataDir));
  });

  async function dieEarly(): Promise<void> {
    const { child, exited, url } = launch(options);
    children.add(child);
    await Promise.race([url, delay(Math.random() * 600)]);
    child.kill('SIGKILL');
    expect(await exited).toBe('SIGKILL');
  }

  async function endsInLog(): Promise<ReadonlyMap<string, string>> {
    const store = openSqliteEventStore({ path: pathsIn(options.dataDir).events, decode: decodeEventData });
    const { events } = await readOn(store, 0);
    await store.close();
    return endsOf(events);
  }

  it('is noticed to have lost commands when its store answers before it commits', { timeout: 120_000 }, async () => {
    const targets = await prepare();
    const hook = new URL('./with-early-transactions.ts', import.meta.url).href;
    options = { ...options, nodeArgs: ['--import', hook] };
    let noticed: string[] = [];
    for (let kill = 0; kill < 20 && noticed.length === 0; kill++) {
      const { head: after } = await checkLog([], 0);
      const { acknowledged } = await workAndDie(await start(), targets, 20);
      noticed = (await checkLog(acknowledged, after)).findings;
    }
    expect(noticed.join('\n')).toMatch(/was acknowledged at \d+ with revision \d+; there is/);
  });
});
