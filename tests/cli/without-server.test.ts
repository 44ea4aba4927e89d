import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stdio } from '../integration/support/mcp-servers.ts';
import { fresh, type Fresh } from './support/fresh.ts';

let place: Fresh;

beforeEach(() => {
  place = fresh();
});
afterEach(() => place.remove());

test('commands start a server for themselves, one after the other on the same data', { timeout: 120_000 }, async () => {
  const file = join(place.dir, 'servers.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { helper: stdio.misbehaving('well') } }));

  const imported = await place.spawn(['import', file]);
  expect(imported).toEqual({ code: 0, error: '', out: expect.stringMatching(/^helper +registered +\d+$/m) as string });
  expect(existsSync(join(place.dataDir, 'server.json'))).toBe(false);

  expect(await place.spawn(['call', 'helper', 'echo', '--arg', 'message=hello'])).toEqual({
    code: 0,
    out: 'hello\n',
    error: '',
  });
  const exported = (await place.spawn(['events', 'export', '--category', 'execution'])).out;
  const events = exported
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });
  expect(events.map(({ type }) => type)).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionSucceeded']);
});

test('a first start by a command tells the password of the administrator that it makes', async () => {
  const first = await place.spawn(['projections', 'list'], { env: { ANNALS_ADMIN_PASSWORD: '' } });
  expect(first.code).toBe(0);
  expect(first.error).toMatch(/user admin has the password \S{20,} \(shown only now\)/);
  const second = await place.spawn(['projections', 'list'], { env: { ANNALS_ADMIN_PASSWORD: '' } });
  expect(second).toMatchObject({ code: 0, error: '' });
});

test('the address that a killed server left is not trusted', async () => {
  mkdirSync(place.dataDir, { mode: 0o700 });
  // The number of the process is somebody else's by now: ours.
  const stale = JSON.stringify({ url: 'http://127.0.0.1:9', pid: process.pid });
  writeFileSync(join(place.dataDir, 'server.json'), stale);
  const { code, out, error } = await place.spawn(['projections', 'list']);
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/^mcps +relational +1 /m);
});

test('a data directory that cannot be used is named', async () => {
  writeFileSync(place.dataDir, 'a file, not a directory');
  for (const command of [['serve'], ['projections', 'list']]) {
    const { code, error } = await place.spawn(command);
    expect(code).toBe(1);
    expect(error).toMatch(/^annals: .*data/);
    expect(error).toContain(place.dataDir);
    expect(error).not.toContain('    at ');
  }
  expect(readFileSync(place.dataDir, 'utf8')).toBe('a file, not a directory');
});
