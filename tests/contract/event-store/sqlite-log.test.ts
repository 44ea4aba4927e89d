import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore, RecordedEvent } from '../../../src/ports/event-store.ts';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { LogFile } from '../../../src/infrastructure/event-store/sqlite/log-file.ts';
import { eventToAppend, eventsToAppend, followUntil, idsOf, newStream, readOn, turns } from './helpers.ts';
import { temporaryLog } from './sqlite-log.ts';
import type { TemporaryLog } from './sqlite-log.ts';
import { decode } from './suite.ts';

/** What holds for the SQLite log beyond the contract. */
describe('the SQLite event log', () => {
  let log: TemporaryLog;
  let store: EventStore;

  beforeEach(() => {
    log = temporaryLog();
    store = log.open();
  });
  afterEach(() => log.dispose());

  it('numbers positions 1, 2, 3 … without a gap, whatever was refused and however often it was opened', async () => {
    expect(await store.head()).toBe(0);
    for (let opening = 0; opening < 3; opening++) {
      await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => store.append(`a-${index % 7}`, NO_STREAM, eventsToAppend(3))),
      );
      await store.append(newStream(), NO_STREAM, eventsToAppend(2));
      await store.close();
      store = log.open();
    }
    const { events } = await readOn(store, 0);

    expect(events.map(({ position }) => position)).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
    expect(await store.head()).toBe(27);
  });

  it('syncs the disk with every commit', () => {
    const file = new LogFile(log.path, 'write');
    const { db } = file.use();

    // 2 is FULL: the write-ahead log is synced before a commit returns. Surviving power loss rests on this alone.
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    file.close();
  });

  it('refuses a file of another schema version, and says so', async () => {
    await store.close();
    const file = new LogFile(log.path, 'write');
    file.use().db.exec('PRAGMA user_version = 99');
    file.close();

    expect(() => log.open()).toThrow(/event schema 99/);
    expect(() => openSqliteEventReader({ path: log.path, decode })).toThrow(/event schema 99/);
  });

  it('answers the same from memory and from disk', async () => {
    const anyEvent = fc.record({
      stream: fc.constantFrom('a-1', 'a-2', 'b-1', 'b', 'ab-1'),
      type: fc.constantFrom('Plain', 'Versioned'),
      data: fc.oneof(fc.jsonValue(), fc.date({ noInvalidDate: true }), fc.record({ gone: fc.constant(undefined) })),
      schemaVersion: fc.constantFrom('1', '2'),
    });
    const slice = fc.record({
      after: fc.nat({ max: 40 }),
      limit: fc.integer({ min: 1, max: 12 }),
      categories: fc.option(fc.subarray(['a', 'b', 'ab', 'c', 'a-1', '']), { nil: undefined }),
      types: fc.option(fc.subarray(['Plain', 'Versioned']), { nil: undefined }),
    });
    const streamRead = fc.record({
      stream: fc.constantFrom('a-1', 'a-2', 'b-1', 'b', 'ab-1', 'none-1'),
      from: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
      limit: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      direction: fc.constantFrom('forward' as const, 'backward' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { maxLength: 30 }),
        fc.array(slice, { maxLength: 20 }),
        fc.array(streamRead, { maxLength: 20 }),
        async (events, slices, streamReads) => {
          const own = temporaryLog();
          const memory = own.open();
          const revisions = new Map<string, number>();
          for (const { stream, type, data, schemaVersion } of events) {
            const revision = revisions.get(stream) ?? NO_STREAM;
            await memory.append(stream, revision, [eventToAppend(type, data ?? null, { schemaVersion })]);
            revisions.set(stream, revision + 1);
          }
          const disk = openSqliteEventReader({ path: own.path, decode });
          for (const { after, limit, categories, types } of slices) {
            const options = { after, limit, filter: { ...(categories && { categories }), ...(types && { types }) } };
            expect(await memory.readAll(options)).toStrictEqual(await disk.readAll(options));
          }
          for (const { stream, from, limit, direction } of streamReads) {
            const options = { direction, ...(from !== undefined && { from }), ...(limit !== undefined && { limit }) };
            expect(await memory.readStream(stream, options)).toStrictEqual(await disk.readStream(stream, options));
          }
          expect(await memory.readAll({ after: 0, limit: 100 })).toStrictEqual(
            await disk.readAll({ after: 0, limit: 100 }),
          );
          await disk.close();
          await own.dispose();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('goes over from disk to memory without a gap or a double when more stands than memory keeps', async () => {
    const stream = newStream();
    for (let batch = 0; batch < 12; batch++) await store.append(stream, batch * 500 - 1, eventsToAppend(500));
    const positions = Array.from({ length: 6_000 }, (_, index) => index + 1);

    expect((await readOn(store, 0, { limit: 700 })).events.map(({ position }) => position)).toEqual(positions);
    expect((await store.readStream(stream)).map(({ position }) => position)).toEqual(positions);
    expect((await store.readStream(stream, { direction: 'backward' })).map(({ position }) => position)).toEqual(
      positions.toReversed(),
    );
    const followed = await followUntil(store, { after: 0, batchSize: 1_000 }, (events) => events.length === 6_000);
    expect(followed.events.map(({ position }) => position)).toEqual(positions);
  });

  it('considers a bounded number of rows in one call, however little the filter admits', async () => {
    for (let batch = 0; batch < 25; batch++) await store.append(newStream(), NO_STREAM, eventsToAppend(1_000));
    await store.append('rare-1', NO_STREAM, [eventToAppend('Rare')]);
    const first = await store.readAll({ after: 0, limit: 10, filter: { types: ['Rare'] } });

    expect(first).toEqual({ events: [], position: 10_000, end: false });
    expect(await store.readAll({ after: 20_000, limit: 10, filter: { types: ['Rare'] } })).toMatchObject({
      events: [{ type: 'Rare' }],
      position: 25_001,
      end: true,
    });
  });

  it('leaves the thread to others while somebody catches up', async () => {
    for (let batch = 0; batch < 10; batch++) await store.append(newStream(), NO_STREAM, eventsToAppend(1_000));
    const turnsDuring = async (work: Promise<unknown>): Promise<number> => {
      let turned = 0;
      let working = true;
      const turning = (async () => {
        for (; working; turned++) await turns(1);
      })();
      await work;
      working = false;
      await turning;
      return turned;
    };

    // 10,000 - 4,096 events come from the disk, 100 at a time.
    const all = (events: readonly unknown[]): boolean => events.length === 10_000;
    expect(await turnsDuring(followUntil(store, { after: 0, batchSize: 100 }, all))).toBeGreaterThanOrEqual(50);
    expect(await turnsDuring(readOn(store, 0, { limit: 100 }))).toBeGreaterThanOrEqual(50);
  });

  it('wakes thousands of followers in waves, and gives them larger slices instead', async () => {
    const following = Array.from({ length: 2_000 }, () =>
      followUntil(store, { after: 0 }, (events) => events.length === 100),
    );
    const ids: string[] = [];
    for (let n = 0; n < 100; n++) {
      const { events } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));
      ids.push(...idsOf(events));
    }
    const followers = await Promise.all(following);

    for (const { events } of followers) expect(events).toHaveLength(100);
    expect(idsOf(followers.at(-1)?.events ?? [])).toEqual(ids);
    expect(followers.reduce((sum, { slices }) => sum + slices.length, 0)).toBeLessThan(2_000 * 50);
  });

  it('never lets recorded times fall, even when the clock is set back', async () => {
    await store.close();
    let now = 1_000;
    store = log.open({ clock: () => now });
    const append = async (): Promise<number> =>
      (await store.append(newStream(), NO_STREAM, eventsToAppend(1))).position;
    const atThousand = await append();
    now = 500;
    const afterSetBack = await append();
    now = 2_000;
    const atTwoThousand = await append();

    expect(await store.positionAt(999)).toBe(0);
    expect(await store.positionAt(1_000)).toBe(afterSetBack);
    expect(await store.positionAt(1_999)).toBe(afterSetBack);
    expect(await store.positionAt(2_000)).toBe(atTwoThousand);
    expect([atThousand, afterSetBack, atTwoThousand]).toEqual([1, 2, 3]);

    await store.close();
    now = 0;
    store = log.open({ clock: () => now });
    for (let n = 0; n < 4; n++) await append();
    expect(await store.positionAt(1_999)).toBe(afterSetBack);
    expect(await store.positionAt(2_000)).toBe(7);
  });

  it('names the event that cannot be decoded, and does not let it fail the appends beside it', async () => {
    const stream = newStream();
    const events = eventsToAppend(1, 'Poison');
    await store.append(stream, NO_STREAM, events);
    await store.close();
    let poisoned = true;
    store = log.open({
      decode: (type, _version, data) => {
        if (type === 'Poison' && poisoned) throw new Error('no such field');
        return data;
      },
    });

    const looking = (event: RecordedEvent | undefined) => () => event?.data;
    expect(looking((await store.readStream(stream))[0])).toThrow('event 1 (Poison) cannot be decoded');
    poisoned = false;
    const repeated = store.append(stream, NO_STREAM, events);
    const beside = store.append(newStream(), NO_STREAM, eventsToAppend(1));
    poisoned = true;
    expect(looking((await repeated).events[0])).toThrow('cannot be decoded');
    expect((await beside).position).toBe(2);
    const { events: all } = await store.readAll({ after: 0, limit: 10 });
    expect(all.map(({ position }) => position)).toEqual([1, 2]);
    expect(looking(all[0])).toThrow('cannot be decoded');
    expect(all[1]?.data).toEqual({ n: 0 });
  });
});
