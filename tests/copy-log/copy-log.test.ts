import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CopyRefused, copyLog, type TargetLog } from '../../src/app/copy-log/copy-log.ts';
import { digestOf } from '../../src/app/copy-log/log-digest.ts';
import { NO_STREAM, type EventStore } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { eventToAppend } from '../contract/event-store/helpers.ts';
import { temporaryLog, type TemporaryLog } from '../contract/event-store/sqlite-log.ts';

const asStored = (_type: string, _version: number, data: unknown): unknown => data;

let logs: TemporaryLog[];
let source: EventStore;
let target: EventStore;

beforeEach(async () => {
  logs = [temporaryLog(), temporaryLog()];
  const [from, to] = logs.map((log) => log.open({ decode: asStored }));
  if (!from || !to) throw new Error('two logs are needed');
  [source, target] = [from, to];
  // Three streams, taking turns in different rhythms, with an older schema version among the events.
  const at = new Map<string, number>();
  for (let turn = 0; turn < 60; turn++) {
    const stream = `thing-${turn % 7 === 0 ? 'a' : turn % 2 === 0 ? 'b' : 'c'}`;
    const revision = at.get(stream) ?? NO_STREAM;
    const events = Array.from({ length: 1 + (turn % 4) }, (_, n) =>
      eventToAppend(n === 0 ? 'Versioned' : 'ThingHappened', { turn, n, text: '工具 é' }, { schemaVersion: '1' }),
    );
    at.set(stream, (await source.append(stream, revision, events)).revision);
  }
});

afterEach(async () => {
  for (const log of logs) await log.dispose();
});

/** A target whose connection is lost after so many appends. */
function failingAfter(appends: number): TargetLog {
  let left = appends;
  return {
    append: async (...args) => {
      if (left-- === 0) throw new StoreUnavailable('the connection was lost');
      return target.append(...args);
    },
    readAll: (options) => target.readAll(options),
    readStream: (...args) => target.readStream(...args),
  };
}

describe('the copy of a log', () => {
  test('has the same events in the same order, as they were stored', async () => {
    const result = await copyLog(source, target);
    expect(result.resumedAt).toBe(0);
    expect(await digestOf(target)).toEqual({ events: result.events, sha256: result.sha256 });
    const both = await Promise.all([source, target].map((log) => log.readAll({ after: 0, limit: 1_000 })));
    const [ours, theirs] = both.map(({ events }) => events.map(({ position: _, ...event }) => ({ ...event })));
    expect(ours?.length).toBe(result.events);
    expect(theirs).toEqual(ours);
  });

  test('goes on where an interruption stopped it, however often', async () => {
    const resumed: number[] = [];
    for (const appends of [0, 5, 1, 17]) {
      await expect(copyLog(source, failingAfter(appends))).rejects.toThrow(StoreUnavailable);
      resumed.push((await digestOf(target)).events);
    }
    const result = await copyLog(source, target);
    expect(result.resumedAt).toBe(resumed.at(-1));
    expect(new Set(resumed).size).toBe(4);
    expect(await digestOf(target)).toEqual(await digestOf(source));
  });

  test('is complete when it is begun again, and nothing is added', async () => {
    const first = await copyLog(source, target);
    const again = await copyLog(source, target);
    expect(again).toEqual({ ...first, resumedAt: first.events });
    expect(await target.head()).toBe(await source.head());
  });

  test('tells how far it is, up to the end of both phases', async () => {
    const told: string[] = [];
    const { events } = await copyLog(source, target, ({ phase, done, total }) =>
      told.push(`${phase} ${done}/${total}`),
    );
    expect(told).toContain(`copying ${events}/${events}`);
    expect(told.at(-1)).toBe(`verifying ${events}/${events}`);
  });
});

describe('a copy is refused', () => {
  test('into a log that holds other events', async () => {
    await target.append('other-1', NO_STREAM, [eventToAppend()]);
    await expect(copyLog(source, target)).rejects.toThrow('holds events that are not of this log');
    expect((await digestOf(target)).events).toBe(1);
  });

  test('into a log whose stream of the same name holds another event', async () => {
    await target.append('thing-c', NO_STREAM, [eventToAppend()]);
    await expect(copyLog(source, target)).rejects.toThrow(CopyRefused);
  });

  test('by the comparison, when somebody wrote to the target meanwhile', async () => {
    const meddled: TargetLog = {
      ...failingAfter(-1),
      append: async (stream, expected, events) => {
        if (stream === 'thing-a' && expected === NO_STREAM)
          await target.append('other-1', NO_STREAM, [eventToAppend()]);
        return target.append(stream, expected, events);
      },
    };
    await expect(copyLog(source, meddled)).rejects.toThrow(/^event 1, number 0 of thing-a, is another in the target$/);
  });

  test.each(['data', 'metadata'] as const)('by the comparison, when the %s of an event was changed', async (part) => {
    const changed: TargetLog = {
      ...failingAfter(-1),
      append: async (stream, expected, events) =>
        target.append(
          stream,
          expected,
          events.map((event, index) =>
            index !== 1 || expected !== NO_STREAM
              ? event
              : part === 'data'
                ? { ...event, data: { changed: true } }
                : { ...event, metadata: { ...event.metadata, actor: 'user:2' } },
          ),
        ),
    };
    await expect(copyLog(source, changed)).rejects.toThrow(/is another in the target$/);
  });
});
