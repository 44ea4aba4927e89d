import { expect, it } from 'vitest';
import { NO_STREAM, type EventStore } from '../../../src/ports/event-store.ts';
import {
  drain,
  eventToAppend,
  eventsToAppend,
  followUntil,
  idsOf,
  newCategory,
  newStream,
  onlyOf,
  turns,
} from './helpers.ts';

/**
 * What following a log promises, whoever lets it be followed: what stands, then what comes.
 * @param log what is followed
 * @param store where events are written
 */
export function followingContract(log: () => Pick<EventStore, 'subscribe'>, store: () => EventStore): void {
  it('gives what stands after the position, then what is appended later, each event once and in order', async () => {
    const category = newCategory();
    const after = await store().head();
    const standing = eventsToAppend(20);
    const coming = eventsToAppend(20);
    const stream = newStream(category);
    await store().append(stream, NO_STREAM, standing);
    const following = followUntil(log(), { after, batchSize: 7 }, (events) => onlyOf(category, events).length === 40);
    for (const [index, event] of coming.entries()) await store().append(stream, 19 + index, [event]);
    const { events, slices } = await following;

    expect(idsOf(onlyOf(category, events))).toEqual(idsOf([...standing, ...coming]));
    for (const slice of slices) expect(slice.events.length).toBeLessThanOrEqual(7);
    for (const slice of slices) expect(slice.events.at(-1)?.position ?? 0).toBeLessThanOrEqual(slice.position);
  });

  it('wakes a follower that has waited', async () => {
    const category = newCategory();
    const after = await store().head();
    const following = followUntil(log(), { after }, (events) => onlyOf(category, events).length === 1);
    await turns(50);
    await store().append(newStream(category), NO_STREAM, eventsToAppend(1));

    expect(onlyOf(category, (await following).events)).toHaveLength(1);
  });

  it('gives only what the filter admits, decoded once', async () => {
    const category = newCategory();
    const after = await store().head();
    const filter = { categories: [category], types: ['Versioned'] };
    const following = followUntil(log(), { after, filter }, (events) => events.length === 2);
    for (let n = 0; n < 2; n++) {
      await store().append(newStream(), NO_STREAM, eventsToAppend(5));
      await store().append(newStream(category), NO_STREAM, [
        eventToAppend('Other'),
        eventToAppend('Versioned', n, { schemaVersion: '1' }),
      ]);
    }

    expect((await following).events.map(({ data }) => data)).toEqual([
      { value: 0, unit: 'ms' },
      { value: 1, unit: 'ms' },
    ]);
  });

  it('moves on without events while the filter admits nothing, and is never told nothing new', async () => {
    const after = await store().head();
    let target = Number.POSITIVE_INFINITY;
    const filter = { categories: [newCategory()] };
    const following = followUntil(log(), { after, filter }, (_events, position) => position >= target);
    for (let n = 0; n < 20; n++) {
      target = (await store().append(newStream(), NO_STREAM, eventsToAppend(1))).position;
    }
    const { slices, events } = await following;

    expect(events).toEqual([]);
    let position = after;
    for (const slice of slices) {
      expect(slice.position).toBeGreaterThan(position);
      position = slice.position;
    }
  });

  it('ends, without an error, when its signal aborts while it waits', async () => {
    const ending = new AbortController();
    const following = drain(log().subscribe({ after: await store().head(), signal: ending.signal }));
    await turns(20);
    ending.abort();

    await expect(following).resolves.toBeUndefined();
  });

  it('ends after the slice in hand when its signal aborts while that is worked on', async () => {
    const after = await store().head();
    await store().append(newStream(), NO_STREAM, eventsToAppend(10));
    let slices = 0;
    const ending = new AbortController();
    for await (const slice of log().subscribe({ after, batchSize: 2, signal: ending.signal })) {
      slices++;
      expect(slice.events).toHaveLength(2);
      ending.abort();
    }

    expect(slices).toBe(1);
  });

  it('gives nothing when its signal was aborted before', async () => {
    await store().append(newStream(), NO_STREAM, eventsToAppend(1));
    await expect(drain(log().subscribe({ after: 0, signal: AbortSignal.abort() }))).resolves.toBeUndefined();
  });

  it('serves many followers at once, each at its own pace', async () => {
    const category = newCategory();
    const after = await store().head();
    const followers = Array.from({ length: 50 }, (_, index) =>
      followUntil(log(), { after, batchSize: 1 + (index % 5) }, (events) => onlyOf(category, events).length === 25),
    );
    const { events } = await store().append(newStream(category), NO_STREAM, eventsToAppend(10));
    const stream = newStream(category);
    for (let revision = NO_STREAM; revision < 14; revision++) await store().append(stream, revision, [eventToAppend()]);

    for (const follower of await Promise.all(followers)) {
      expect(onlyOf(category, follower.events)).toHaveLength(25);
      expect(onlyOf(category, follower.events).slice(0, 10)).toEqual(events);
    }
  });
}
