import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { createClosing } from '../../../src/app/closing.ts';
import { openEngines } from '../../../src/app/engines/engines.ts';
import { NO_STREAM, type EventStore } from '../../../src/ports/event-store.ts';
import { projections } from '../../../src/projections/all.ts';
import { openReadSide } from '../../../src/projections/engine/read-side.ts';
import { quiet } from '../quiet.ts';
import { figure, type BenchRow } from '../row.ts';
import { callStream } from '../seed.ts';
import { withPlace } from './place.ts';
import { rawSql } from './raw-sql.ts';
import { removeTopics } from './remove-topics.ts';

const EVENTS_PER_SECOND = 200;
const SECONDS = 20;
/** Until the relay is elected, the readers have joined, and programs are compiled. */
const WARM_UP_SECONDS = 12;
const LOST_MS = 10_000;
const GOALS = { p50: 50, p99: 250 };

/**
 * From the answer to an append until SQL finds the row as the event left it: embedded log, relay, Kafka, projectors,
 * all in one process as the product composes them, beside all other models.
 */
export async function benchVisible(sqlUrl: string, kafkaBrokers: string): Promise<BenchRow> {
  const env = { ANNALS_SQL_URL: sqlUrl, ANNALS_KAFKA_BROKERS: kafkaBrokers };
  return withPlace(env, async ({ config, prefix }) => {
    const raw = await rawSql(sqlUrl, prefix);
    const closing = createClosing(quiet);
    try {
      const engines = await openEngines(config, { logger: quiet, clock: Date.now, closing });
      const side = await openReadSide({ ...engines.readSide, store: engines.store, projections, logger: quiet });
      closing.add('read models', () => side.close());
      await side.ready;
      await measure(engines.store, sqlUrl, prefix, WARM_UP_SECONDS);
      const delays = await measure(engines.store, sqlUrl, prefix, SECONDS);
      const [p50, p99] = [0.5, 0.99].map((part) => delays[Math.floor(delays.length * part)] ?? NaN) as [number, number];
      return {
        what: `event to visible MySQL row through Kafka, ${EVENTS_PER_SECOND} events/s for ${SECONDS} s`,
        value: `p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`,
        floor: '–',
        ratio: '–',
        goal: `p50 ≤ ${GOALS.p50} ms, p99 ≤ ${GOALS.p99} ms`,
        met: p50 <= GOALS.p50 && p99 <= GOALS.p99,
      };
    } finally {
      await closing.run();
      await raw.remove();
      await raw.close();
      await removeTopics(kafkaBrokers, prefix);
    }
  });
}

/** Appended and not yet seen: when the append was answered, by the revision that the row has to have. */
type Pending = Map<string, Map<number, number>>;

/** Appends calls event by event and looks for each. @returns how long each took, in milliseconds, shortest first */
async function measure(store: EventStore, sqlUrl: string, prefix: string, seconds: number): Promise<readonly number[]> {
  const pending: Pending = new Map();
  const looking = new AbortController();
  const seen = look(sqlUrl, `${prefix}executions_v1`, pending, looking.signal);
  try {
    await appendCalls(store, seconds * EVENTS_PER_SECOND, pending);
    const end = performance.now() + LOST_MS;
    while (pending.size > 0 && performance.now() < end) await sleep(10);
    if (pending.size > 0) throw new Error(`${pending.size} rows never came`);
  } finally {
    looking.abort();
  }
  return (await seen).sort((a, b) => a - b);
}

/** One event after the other in even steps, however long the answers take. */
async function appendCalls(store: EventStore, events: number, pending: Pending): Promise<void> {
  const began = performance.now();
  const calls: Promise<void>[] = [];
  let stepped = 0;
  const step = (): number => began + (1000 / EVENTS_PER_SECOND) * stepped++;
  while (stepped < events) {
    const call = callStream(stepped);
    const due = call.events.map(step);
    await sleep(Math.max(0, (due[0] ?? 0) - performance.now()));
    calls.push(appendCall(store, call, due, pending));
  }
  await Promise.all(calls);
}

async function appendCall(
  store: EventStore,
  { stream, events }: ReturnType<typeof callStream>,
  due: readonly number[],
  pending: Pending,
): Promise<void> {
  const id = stream.slice('execution-'.length);
  let revision = NO_STREAM;
  for (const [index, event] of events.entries()) {
    await sleep(Math.max(0, (due[index] ?? 0) - performance.now()));
    ({ revision } = await store.append(stream, revision, [event]));
    const waiting = pending.get(id) ?? new Map<number, number>();
    pending.set(id, waiting.set(revision, performance.now()));
  }
}

/** Asks for the rows that are awaited, over and over, until the signal aborts. */
async function look(sqlUrl: string, table: string, pending: Pending, signal: AbortSignal): Promise<number[]> {
  const delays: number[] = [];
  const db = await createConnection(sqlUrl);
  try {
    while (!signal.aborted) {
      await sleep(2);
      if (pending.size === 0) continue;
      const sql = 'SELECT id, revision FROM ?? WHERE id IN (?)';
      const [rows] = await db.query<RowDataPacket[]>(sql, [table, [...pending.keys()]]);
      const now = performance.now();
      for (const row of rows) take(pending, String(row['id']), Number(row['revision']), now, delays);
    }
  } finally {
    await db.end();
  }
  return delays;
}

function take(pending: Pending, id: string, revision: number, now: number, delays: number[]): void {
  const waiting = pending.get(id);
  for (const [awaited, since] of waiting ?? []) {
    if (awaited > revision) continue;
    delays.push(now - since);
    waiting?.delete(awaited);
  }
  if (waiting?.size === 0) pending.delete(id);
}
