import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventSource } from '../../../src/infrastructure/event-bus/kafka/event-source.ts';
import { createLiveBus } from '../../../src/infrastructure/event-bus/kafka/live-bus.ts';
import type { Announcement } from '../../../src/infrastructure/event-bus/kafka/message.ts';
import { RecentMessages } from '../../../src/infrastructure/event-bus/kafka/recent-messages.ts';
import { openSqliteEventStore } from '../../../src/infrastructure/event-store/sqlite.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore, RecordedEvent } from '../../../src/ports/event-store.ts';
import { logger } from '../../relay/support/installation.ts';
import { eventsToAppend, followUntil, idsOf, metadataOf, newStream, readOn } from '../event-store/helpers.ts';
import { decode } from '../event-store/suite.ts';
import { withFaults } from './faults.ts';
import type { Deliver, FaultCounts } from './faults.ts';

const silent: EventSource = { isAlive: () => true, renew: () => undefined, close: async () => undefined };

describe('a bus that hears of events', () => {
  let store: EventStore;
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'annals-live-'));
    store = openSqliteEventStore({ path: join(directory, 'events.db'), decode });
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  /** What the relay would say of events of a log. */
  const announce = (events: readonly RecordedEvent[], log: string): Announcement[] =>
    events.map(({ position, stream, revision, type, data, metadata }) => ({
      ...{ log, position, previous: position - 1, stream, revision, type },
      payload: JSON.stringify({ data, metadata }),
    }));

  it('hands out the log whatever its source loses, repeats, mixes up and holds back', async () => {
    await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    const log = idsOf((await readOn(store, 0)).events)[0] ?? '';
    const rate = fc.constantFrom(0, 0.05, 0.5, 1);
    const plans = fc.record({ seed: fc.nat(), lose: rate, repeat: rate, hold: rate, pause: fc.constantFrom(0, 0.02) });
    const counts: FaultCounts = { lost: 0, repeated: 0, held: 0, pauses: 0 };
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        let deliver: Deliver = () => undefined;
        const source = withFaults(
          (given) => {
            deliver = given;
            return silent;
          },
          plan,
          counts,
        );
        const bus = createLiveBus({ store, decode, logger, source, pollMs: 50, patienceMs: 5 });
        const after = await store.head();
        const following = [512, 1, 7].map((batchSize) =>
          followUntil(bus, { after, batchSize }, (events) => events.length === 60),
        );
        for (let n = 0; n < 20; n++) {
          deliver(announce((await store.append(newStream(), NO_STREAM, eventsToAppend(3))).events, log));
        }
        const written = idsOf((await readOn(store, after)).events);
        for (const { events } of await Promise.all(following)) expect(idsOf(events)).toEqual(written);
        await bus.close();
      }),
      { numRuns: 40 },
    );

    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
  });

  it('takes no message about the log of a neighbour', async () => {
    await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    let deliver: Deliver = () => undefined;
    const bus = createLiveBus({
      ...{ store, decode, logger, pollMs: 20 },
      source: (given) => {
        deliver = given;
        return silent;
      },
    });
    const after = await store.head();
    const following = followUntil(bus, { after }, (events) => events.length === 1);
    const foreign = {
      position: after + 1,
      stream: newStream(),
      revision: 0,
      type: 'Foreign',
      data: 1,
      metadata: metadataOf(),
    };
    // The first message makes the bus ask what its log is; the later ones find it knowing.
    for (let n = 0; n < 3; n++) {
      deliver(announce([foreign], 'another log'));
      await store.head();
    }
    const { events } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));

    expect(idsOf((await following).events)).toEqual(idsOf(events));
    await bus.close();
  });
});

describe('recent messages', () => {
  const message = (position: number, payload: string): Announcement => ({
    ...{ log: 'l', position, previous: position - 1, stream: 's-1', revision: position, type: 'T' },
    payload: JSON.stringify({ data: payload, metadata: metadataOf() }),
  });

  it('forget the oldest when they are many', () => {
    const recent = new RecentMessages(decode);
    for (let position = 1; position <= 20_000; position++) recent.add(message(position, ''));

    expect(recent.after(1, 1, undefined)).toBeUndefined();
    expect(recent.after(15_000, 10_000, undefined)?.events).toHaveLength(5_000);
  });

  it('forget the oldest when they are large, and keep at least the last', () => {
    const recent = new RecentMessages(decode);
    for (let position = 1; position <= 50; position++) recent.add(message(position, 'x'.repeat(1024 * 1024)));

    expect(recent.after(30, 1, undefined)).toBeUndefined();
    expect(recent.after(49, 1, undefined)?.events).toHaveLength(1);
    recent.add(message(51, 'x'.repeat(40 * 1024 * 1024)));
    expect(recent.after(50, 1, undefined)?.events).toHaveLength(1);
  });
});
