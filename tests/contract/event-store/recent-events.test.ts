import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../src/ports/event-store.ts';
import { RecentEvents } from '../../../src/infrastructure/event-store/sqlite/recent-events.ts';
import { metadataOf } from './helpers.ts';

const MIB = 1024 * 1024;

function event(position: number, stream = 'a-1', revision = position - 1): RecordedEvent {
  return { position, stream, revision, type: 'A', data: null, metadata: metadataOf() };
}

describe('the events kept in memory', () => {
  it('are at most 4,096', () => {
    const recent = new RecentEvents(0);
    for (let position = 1; position <= 10_000; position++) recent.add(event(position), 100);

    expect(recent.slice(10_000 - 4_096, 10_000, undefined)?.events).toHaveLength(4_096);
    expect(recent.slice(10_000 - 4_097, 10_000, undefined)).toBeUndefined();
  });

  it('are at most 16 MiB of text, of which a larger event leaves none', () => {
    const recent = new RecentEvents(0);
    for (let position = 1; position <= 40; position++) recent.add(event(position), MIB);
    expect(recent.slice(24, 100, undefined)?.events.map(({ position }) => position)).toHaveLength(16);
    expect(recent.slice(23, 100, undefined)).toBeUndefined();

    recent.add(event(41), 17 * MIB);
    expect(recent.slice(40, 100, undefined)).toBeUndefined();
    expect(recent.slice(41, 100, undefined)).toEqual({ events: [], position: 41, end: true });
  });

  it('give a stream only when all that was asked for is still there', () => {
    const recent = new RecentEvents(0);
    for (let position = 1; position <= 20; position++) recent.add(event(position), MIB);

    expect(recent.forward('a-1', 3, 100)).toBeUndefined();
    expect(recent.forward('a-1', 4, 2)?.map(({ revision }) => revision)).toEqual([4, 5]);
    expect(recent.backward('a-1', undefined, 17)).toBeUndefined();
    expect(recent.backward('a-1', undefined, 2)?.map(({ revision }) => revision)).toEqual([19, 18]);
    expect(recent.backward('a-1', 3, 1)).toBeUndefined();
    expect(recent.forward('b-1', 0, 1)).toBeUndefined();
  });

  it('forget a stream with its last event', () => {
    const recent = new RecentEvents(0);
    recent.add(event(1, 'gone-1', 0), 1);
    for (let position = 2; position <= 4_097; position++) recent.add(event(position, 'a-1', position - 2), 1);

    expect(recent.forward('gone-1', 0, 1)).toBeUndefined();
    expect(recent.forward('a-1', 0, 5_000)).toHaveLength(4_096);
  });
});
