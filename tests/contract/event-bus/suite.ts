import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventBus } from '../../../src/ports/event-bus.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { followingContract } from '../event-store/following.ts';
import {
  drain,
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

    followingContract(bus, store);

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
