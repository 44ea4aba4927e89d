import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaClient } from '../../../src/infrastructure/event-bus/kafka/client.ts';
import { readEvents } from '../../../src/infrastructure/event-bus/kafka/event-source.ts';
import type { EventSource } from '../../../src/infrastructure/event-bus/kafka/event-source.ts';
import { createLiveBus } from '../../../src/infrastructure/event-bus/kafka/live-bus.ts';
import { startRelay } from '../../../src/infrastructure/event-bus/kafka.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { logger, newInstallation } from '../../relay/support/installation.ts';
import type { Installation } from '../../relay/support/installation.ts';
import { until } from '../../relay/support/until.ts';
import { onEngine } from '../../support/engines.ts';
import { eventsToAppend, followUntil, idsOf, newCategory, newStream, onlyOf, readOn } from '../event-store/helpers.ts';
import { decode } from '../event-store/suite.ts';
import { withFaults } from './faults.ts';
import type { Deliver, FaultCounts, FaultPlan } from './faults.ts';

const plans: fc.Arbitrary<FaultPlan> = fc.record({
  seed: fc.nat(),
  lose: fc.constantFrom(0, 0.02, 0.3),
  repeat: fc.constantFrom(0, 0.2, 0.9),
  hold: fc.constantFrom(0, 0.1, 0.7),
  pause: fc.constantFrom(0, 0.01, 0.05),
});

onEngine('kafka', (brokers) => {
  describe('a bus between whose broker and reader everything goes wrong', () => {
    let installation: Installation;

    beforeAll(async () => {
      installation = await newInstallation(brokers);
      const { prefix, kafka, topics, log } = installation;
      const relay = await startRelay({ kafka, prefix, topics, log, logger });
      installation.onDispose(() => relay.close());
    });
    afterAll(() => installation.dispose());

    it('hands out exactly the log to every follower', async () => {
      const counts: FaultCounts = { lost: 0, repeated: 0, held: 0, pauses: 0 };
      const { store, kafka, names } = installation;
      const source = (deliver: Deliver): EventSource =>
        readEvents({ kafka: createKafkaClient(kafka, logger), names, logger }, deliver);
      await fc.assert(
        fc.asyncProperty(plans, (plan) => followThroughFaults(store, withFaults(source, plan, counts))),
        { numRuns: 12 },
      );

      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
    });
  });
});

async function followThroughFaults(store: EventStore, source: (deliver: Deliver) => EventSource): Promise<void> {
  let alive: () => boolean = () => false;
  const bus = createLiveBus({
    store,
    decode,
    logger,
    pollMs: 200,
    patienceMs: 20,
    source: (deliver) => {
      const inner = source(deliver);
      alive = () => inner.isAlive();
      return inner;
    },
  });
  try {
    await until('messages are read', alive);
    const category = newCategory();
    const after = await store.head();
    const all = followUntil(bus, { after }, (events) => onlyOf(category, events).length === 200);
    const small = followUntil(bus, { after, batchSize: 3 }, (events) => onlyOf(category, events).length === 200);
    const some = followUntil(bus, { after, filter: { categories: [category] } }, (events) => events.length === 200);
    const streams = Array.from({ length: 20 }, () => newStream(category));
    for (let round = 0; round < 10; round++) {
      await Promise.all(streams.map((stream) => store.append(stream, round + NO_STREAM, eventsToAppend(1))));
    }
    const written = (await readOn(store, after)).events;
    for (const follower of [await all, await small, await some]) expect(idsOf(follower.events)).toEqual(idsOf(written));
  } finally {
    await bus.close();
  }
}
