import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projections } from '../../src/projections/all.ts';
import { NO_STREAM } from '../../src/ports/event-store.ts';
import { callStream } from './seed.ts';
import { openReadSideIn } from './read-side-in.ts';
import { openSealedLogIn } from './sealed-log-in.ts';

/** What following a log live costs, beyond writing it. */
export interface ProjectingFigures {
  /** Processor time of all models and threads together, for each event. */
  readonly microsPerEvent: number;
  /** The longest that the main thread was held, in milliseconds. */
  readonly longestMs: number;
  /** From an append to a model having it, for a caller who waits, in milliseconds: the median. */
  readonly waitMs: number;
}

const CALLS = 20_000;
const TOGETHER = 32;

/** Appends calls as busy clients would, without and with the read side, and prints the difference as JSON. */
const dir = mkdtempSync(join(tmpdir(), 'annals-bench-'));
const store = openSealedLogIn(dir);
let next = 0;
await call(1_000);
const without = await cost(async () => undefined);
const side = await openReadSideIn(dir, store);
await side.ready;
await call(1_000);
await caughtUp();
let longestMs = 0;
let last = performance.now();
const watch = setInterval(() => {
  const now = performance.now();
  longestMs = Math.max(longestMs, now - last - 1);
  last = now;
}, 1);
const withModels = await cost(caughtUp);
clearInterval(watch);
const figures: ProjectingFigures = { microsPerEvent: withModels - without, longestMs, waitMs: await waiting() };
console.log(JSON.stringify(figures));
await side.close();
await store.close();
rmSync(dir, { recursive: true });

/** The three events of a call, each appended when the one before is answered, by so many callers at a time. */
async function call(calls: number): Promise<void> {
  const end = next + calls;
  await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      while (next < end) {
        const { stream, events } = callStream(next++);
        let revision = NO_STREAM;
        for (const event of events) ({ revision } = await store.append(stream, revision, [event]));
      }
    }),
  );
}

async function caughtUp(): Promise<void> {
  const head = await store.head();
  await Promise.all(projections.map(({ name }) => side.models.waitFor(name, head, 60_000)));
}

/** Microseconds of processor time for each event appended, until `done`. */
async function cost(done: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  const head = await store.head();
  await call(CALLS);
  await done();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ((await store.head()) - head);
}

async function waiting(): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 300; n++) {
    const { stream, events } = callStream(next++);
    const { position } = await store.append(stream, NO_STREAM, events);
    const began = performance.now();
    await side.models.waitFor('executions', position, 5_000);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[150] ?? NaN;
}
