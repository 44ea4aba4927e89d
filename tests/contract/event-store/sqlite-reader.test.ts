import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { eventsToAppend, idsOf, newStream, readOn } from './helpers.ts';
import { temporaryLog } from './sqlite-log.ts';
import type { TemporaryLog } from './sqlite-log.ts';
import { decode } from './suite.ts';

describe('the SQLite event reader', () => {
  let log: TemporaryLog;
  let store: EventStore;

  beforeEach(() => {
    log = temporaryLog();
    store = log.open();
  });
  afterEach(() => log.dispose());

  it('sees everything that was answered before it asks, while the store goes on writing', async () => {
    const reader = openSqliteEventReader({ path: log.path, decode });
    for (let round = 0; round < 20; round++) {
      const { position } = await store.append(newStream(), NO_STREAM, eventsToAppend(2));
      expect(await reader.head()).toBe(position);
    }
    expect((await readOn(reader, 0)).events).toStrictEqual((await readOn(store, 0)).events);
    expect(await reader.positionAt(Date.now())).toBe(40);
    await reader.close();
  });

  it('reads in another thread', async () => {
    const stream = newStream();
    const events = eventsToAppend(600);
    await store.append(stream, NO_STREAM, events);
    const worker = new Worker(new URL('./read-in-worker.ts', import.meta.url), { workerData: { path: log.path } });
    const [ids] = (await once(worker, 'message')) as [string[]];
    await worker.terminate();

    expect(ids).toEqual(idsOf(events));
  });

  it('reads the log of a server that was stopped', async () => {
    await store.append(newStream(), NO_STREAM, eventsToAppend(3));
    await store.close();
    const reader = openSqliteEventReader({ path: log.path, decode });

    expect((await readOn(reader, 0)).events).toHaveLength(3);
    await reader.close();
    await expect(reader.head()).rejects.toThrow(StoreUnavailable);
  });

  it('says so when there is no event log', () => {
    expect(() => openSqliteEventReader({ path: `${log.dir}/none.sqlite`, decode })).toThrow(StoreUnavailable);
  });
});
