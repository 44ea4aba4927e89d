import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { NO_STREAM } from '../../src/ports/event-store.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { eventToAppend, newStream } from '../contract/event-store/helpers.ts';
import { checkRecord } from './check-record.ts';
import type { Acknowledged } from './check-record.ts';

/**
 * Lets the kernel fail real writes: a limit on the size of files makes them EFBIG, which SQLite reports as an I/O
 * error in the middle of a commit. The limit is the process's own, so this must not be the test runner's process.
 * Prints what happened as JSON.
 */
const [path = ''] = process.argv.slice(2);
const limitFiles = (bytes: number | 'unlimited'): void => {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
};

const store = openSqliteEventStore({ path, decode: (_type, _version, data) => data });
const acknowledged: Acknowledged[] = [];
const failures: string[] = [];

async function append(): Promise<void> {
  const events = [eventToAppend('A', { text: 'x'.repeat(3_000) }), eventToAppend('A', { text: 'y'.repeat(9_000) })];
  try {
    const result = await store.append(newStream('a'), NO_STREAM, events);
    for (const { position, metadata } of result.events) acknowledged.push({ eventId: metadata.eventId, position });
  } catch (error) {
    failures.push(`${(error as Error).name}: ${(error as Error).message}`);
  }
}

const rounds: { failed: number; readDuring: number; findings: string[] }[] = [];
for (let round = 0; round < 5; round++) {
  for (let n = 0; n < 10; n++) await append();
  const before = failures.length;
  // Somewhere inside the pages of one of the next commits.
  limitFiles(statSync(`${path}-wal`).size + 3_000 + round * 4_500);
  for (let n = 0; n < 8; n++) await append();
  const readDuring = (await store.readAll({ after: 0, limit: 1_000 })).events.length;
  limitFiles('unlimited');
  await append();
  rounds.push({ failed: failures.length - before, readDuring, findings: await checkRecord(store, acknowledged) });
}
await store.close();
const reopened = openSqliteEventStore({ path, decode: (_type, _version, data) => data });
const findings = await checkRecord(reopened, acknowledged);
const head = await reopened.head();
await reopened.close();
process.stdout.write(
  JSON.stringify({ rounds, failures: [...new Set(failures)], acknowledged: acknowledged.length, head, findings }),
);
