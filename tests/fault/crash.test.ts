import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { LogFile } from '../../src/infrastructure/event-store/sqlite/log-file.ts';
import { eventsToAppend } from '../contract/event-store/helpers.ts';
import { checkRecord } from './check-record.ts';
import type { Acknowledged } from './check-record.ts';

const writer = join(import.meta.dirname, 'event-store-crash-writer.ts');
const KILLS = 50;
const decode = (_type: string, _version: number, data: unknown): unknown => data;

describe('a process killed with SIGKILL while it appends', () => {
  let dir: string;
  let path: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'annals-crash-'));
    path = join(dir, 'events.sqlite');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Runs the writer, kills it when it has acknowledged so many events, and answers all that it acknowledged. */
  async function writeAndKill(mode: 'durable' | 'early', kills: number): Promise<Acknowledged[]> {
    const child = spawn(process.execPath, [writer, path, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const acknowledged: Acknowledged[] = [];
    let unfinished = '';
    if (kills === 0) child.kill('SIGKILL');
    for await (const chunk of child.stdout) {
      const lines = `${unfinished}${String(chunk)}`.split('\n');
      // What stands behind the last line break may be half a line: it was not told.
      unfinished = lines.pop() ?? '';
      for (const line of lines) {
        const [eventId = '', position] = line.split(' ');
        acknowledged.push({ eventId, position: Number(position) });
      }
      if (acknowledged.length >= kills) child.kill('SIGKILL');
    }
    const [code, signal] = await exited;
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    return acknowledged;
  }

  /** Opens the log again and compares it with what was acknowledged since a position; answers its new head, too. */
  async function reopenAndCheck(
    acknowledged: readonly Acknowledged[],
    after: number,
  ): Promise<{ findings: string[]; head: number }> {
    const store = openSqliteEventStore({ path, decode });
    const findings = await checkRecord(store, acknowledged, { after });
    const head = await store.head();
    await store.close();
    return { findings, head };
  }

  it(`has recorded each acknowledged event exactly once, ${KILLS} times over`, { timeout: 120_000 }, async () => {
    const everything: Acknowledged[] = [];
    let after = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const moment = Math.floor(Math.random() ** 2 * 1_500);
      const acknowledged = await writeAndKill('durable', moment);
      everything.push(...acknowledged);
      const { findings, head } = await reopenAndCheck(acknowledged, after);

      expect(findings, `kill ${kill}, at ${moment} acknowledged events`).toEqual([]);
      after = head;
    }
    expect(everything.length).toBeGreaterThan(KILLS * 50);
    expect((await reopenAndCheck(everything, 0)).findings).toEqual([]);
  });

  it('is noticed to have lost events when its store answers before it commits', { timeout: 60_000 }, async () => {
    let noticed: string[] = [];
    for (let kill = 0; kill < 20 && noticed.length === 0; kill++) {
      const store = openSqliteEventStore({ path, decode });
      const after = await store.head();
      await store.close();
      noticed = (await reopenAndCheck(await writeAndKill('early', 300), after)).findings;
    }

    expect(noticed.join('\n')).toMatch(/acknowledged event \S+ is missing/);
  });

  it('is all that a test can do: power loss is left to synchronous = FULL, which is on', () => {
    const file = new LogFile(path, 'write');
    expect(file.use().db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(file.use().db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    file.close();
  });
});

describe('the checker of the record', () => {
  it('notices what is missing, moved, doubled or out of order', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'annals-check-'));
    const path = join(dir, 'events.sqlite');
    const store = openSqliteEventStore({ path, decode });
    const { events } = await store.append('a-1', -1, eventsToAppend(4));
    await store.append('b-1', -1, eventsToAppend(2));
    const acknowledged = events.map(({ metadata, position }) => ({ eventId: metadata.eventId, position }));
    expect(await checkRecord(store, acknowledged)).toEqual([]);
    expect(await checkRecord(store, [{ eventId: 'never' }])).toEqual(['acknowledged event never is missing']);
    const moved = [{ eventId: acknowledged[0]?.eventId ?? '', position: 3 }];
    expect(await checkRecord(store, moved)).toEqual([expect.stringContaining('was acknowledged at 3, not 1')]);
    await store.close();

    const file = new LogFile(path, 'write');
    file.use().db.exec(`
      UPDATE events SET metadata = (SELECT metadata FROM events WHERE position = 1) WHERE position = 2;
      DELETE FROM events WHERE position = 3;
    `);
    file.close();
    const damaged = openSqliteEventStore({ path, decode });
    const findings = (await checkRecord(damaged, acknowledged)).join('\n');
    expect(findings).toContain('a gap between 2 and 4');
    expect(findings).toContain('stands at 1 and 2');
    expect(findings).toContain('a-1 has revision 3 at 4');
    expect(findings).toContain(`acknowledged event ${acknowledged[2]?.eventId} is missing`);
    await damaged.close();
    rmSync(dir, { recursive: true });
  });
});
