import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventBus } from '../../../src/ports/event-bus.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import {
  eventToAppend,
  eventsToAppend,
  followUntil,
  idsOf,
  newCategory,
  newStream,
  onlyOf,
  readOn,
  turns,
} from '../event-store/helpers.ts';

export interface BusUnderTest {
  readonly bus: EventBus;
  /** The log whose events the bus carries, opened with the codec of the event stores' suite. */
  readonly store: EventStore;
  readonly dispose: () => Promise<void>;
}

/** What every bus promises. Adapters run it unchanged. */
export function eventBusContract(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`event bus contract: ${name}`, () => {
    let current: BusUnderTest | undefined;
    const underTest = (): BusUnderTest => {
      if (current === undefined) throw new Error('no bus is open');
      return current;
    };
    const store = (): EventStore => underTest().store;
    const bus = (): EventBus => underTest().bus;

    beforeAll(async () => {
      current = await open();
    });
    afterAll(async () => {
      await current?.dispose();
    });

    it('gives what stands after the position, then what is appended later, each event once and in order', async () => {
      const category = newCategory();
      const after = await store().head();
      const standing = eventsToAppend(20);
      const coming = eventsToAppend(20);
      const stream = newStream(category);
      await store().append(stream, NO_STREAM, standing);
      const following = followUntil(bus(), { after, batchSize: 7 }, (events) => onlyOf(category, events).length === 40);
      for (const [index, event] of coming.entries()) await store().append(stream, 19 + index, [event]);
      const { events, slices } = await following;

      expect(idsOf(onlyOf(category, events))).toEqual(idsOf([...standing, ...coming]));
      for (const slice of slices) expect(slice.events.length).toBeLessThanOrEqual(7);
      for (const slice of slices) expect(slice.events.at(-1)?.position ?? 0).toBeLessThanOrEqual(slice.position);
    });

    it('gives every event as the log gives it', async () => {
      const category = newCategory();
      const after = await store().head();
      const following = followUntil(bus(), { after }, (events) => onlyOf(category, events).length === 30);
      for (let n = 0; n < 10; n++) {
        await store().append(newStream(category), NO_STREAM, [
          eventToAppend('Versioned', n, { schemaVersion: '1' }),
          eventToAppend('Nested', { a: [{ b: null }, 'ü', 1e21], c: { ['__proto__']: n } }, { causationId: 'x' }),
          eventToAppend('Nothing', null),
        ]);
      }

      expect((await following).events).toEqual((await readOn(store(), after)).events);
    });

    it('wakes a follower that has waited', async () => {
      const category = newCategory();
      const after = await store().head();
      const following = followUntil(bus(), { after }, (events) => onlyOf(category, events).length === 1);
      await turns(50);
      await store().append(newStream(category), NO_STREAM, eventsToAppend(1));

      expect(onlyOf(category, (await following).events)).toHaveLength(1);
    });

    it('gives only what the filter admits, decoded once', async () => {
      const category = newCategory();
      const after = await store().head();
      const filter = { categories: [category], types: ['Versioned'] };
      const following = followUntil(bus(), { after, filter }, (events) => events.length === 2);
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
      const following = followUntil(bus(), { after, filter }, (_events, position) => position >= target);
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

    it('carries events of any size', async () => {
      const category = newCategory();
      const after = await store().head();
      const following = followUntil(bus(), { after }, (events) => onlyOf(category, events).length === 40);
      for (let n = 0; n < 20; n++) {
        const data = { text: String(n).repeat(n % 5 === 0 ? 1_500_000 : 60_000) };
        await store().append(newStream(category), NO_STREAM, [eventToAppend('Large', data), eventToAppend('Small', n)]);
      }
      const { events } = await following;

      expect(events).toEqual((await readOn(store(), after)).events);
    });

    it('ends, without an error, when its signal aborts while it waits', async () => {
      const ending = new AbortController();
      const following = drain(bus().subscribe({ after: await store().head(), signal: ending.signal }));
      await turns(20);
      ending.abort();

      await expect(following).resolves.toBeUndefined();
    });

    it('ends after the slice in hand when its signal aborts while that is worked on', async () => {
      const after = await store().head();
      await store().append(newStream(), NO_STREAM, eventsToAppend(10));
      let slices = 0;
      const ending = new AbortController();
      for await (const slice of bus().subscribe({ after, batchSize: 2, signal: ending.signal })) {
        slices++;
        expect(slice.events).toHaveLength(2);
        ending.abort();
      }

      expect(slices).toBe(1);
    });

    it('gives nothing when its signal was aborted before', async () => {
      await store().append(newStream(), NO_STREAM, eventsToAppend(1));
      await expect(drain(bus().subscribe({ after: 0, signal: AbortSignal.abort() }))).resolves.toBeUndefined();
    });

    it('serves many followers at once, each at its own pace', async () => {
      const category = newCategory();
      const after = await store().head();
      const followers = Array.from({ length: 50 }, (_, index) =>
        followUntil(bus(), { after, batchSize: 1 + (index % 5) }, (events) => onlyOf(category, events).length === 25),
      );
      const { events } = await store().append(newStream(category), NO_STREAM, eventsToAppend(10));
      const stream = newStream(category);
      for (let revision = NO_STREAM; revision < 14; revision++)
        await store().append(stream, revision, [eventToAppend()]);

      for (const follower of await Promise.all(followers)) {
        expect(onlyOf(category, follower.events)).toHaveLength(25);
        expect(onlyOf(category, follower.events).slice(0, 10)).toEqual(events);
      }
    });

    it('gives the log itself, wherever a follower starts and whoever writes', async () => {
      const streams = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(
          streams,
          fc.nat({ max: 30 }),
          fc.integer({ min: 1, max: 9 }),
          async (writes, back, batchSize) => {
            const head = await store().head();
            const after = Math.max(0, head - back);
            const ids = [0, 1, 2, 3].map(() => newStream());
            let written = 0;
            const following = followUntil(
              bus(),
              { after, batchSize },
              (events) => events.length >= written + head - after,
            );
            const revisions = new Map<number, number>();
            written = writes.length;
            for (const which of writes) {
              const revision = revisions.get(which) ?? NO_STREAM;
              await store().append(ids[which] ?? '', revision, eventsToAppend(1));
              revisions.set(which, revision + 1);
            }

            expect(idsOf((await following).events)).toEqual(idsOf((await readOn(store(), after)).events));
          },
        ),
        { numRuns: 15 },
      );
    });

    it('ends its subscriptions when it is closed', async () => {
      const after = await store().head();
      const following = drain(bus().subscribe({ after, signal: new AbortController().signal }));
      await turns(20);
      await bus().close();

      await expect(following).resolves.toBeUndefined();
    });
  });
}

async function drain(slices: AsyncIterable<unknown>): Promise<void> {
  for await (const slice of slices) throw new Error(`nothing was expected, but there was ${JSON.stringify(slice)}`);
}
