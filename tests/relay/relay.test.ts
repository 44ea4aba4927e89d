import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRelay } from '../../src/infrastructure/event-bus/kafka.ts';
import type { Relay, RelayOptions } from '../../src/infrastructure/event-bus/kafka.ts';
import { openEventStoreDb } from '../../src/infrastructure/event-store/esdb.ts';
import { NO_STREAM, type AllSlice, type EventStore } from '../../src/ports/event-store.ts';
import { eventToAppend, eventsToAppend, idsOf, newStream, readOn } from '../contract/event-store/helpers.ts';
import { onEngine } from '../support/engines.ts';
import { startStandIn } from '../support/esdb-stand-in/stand-in.ts';
import { asStored } from './support/as-stored.ts';
import { logger, newInstallation, PARTITIONS } from './support/installation.ts';
import type { Installation } from './support/installation.ts';
import { breaksIn, readTopic } from './support/read-topic.ts';
import { startKafkaProxy } from './support/kafka-proxy.ts';
import { until } from './support/until.ts';

onEngine('kafka', (brokers) => {
  describe('the relay', () => {
    let installation: Installation;

    beforeEach(async () => {
      installation = await newInstallation(brokers);
    });
    afterEach(() => installation.dispose());

    const start = async (options: Partial<RelayOptions> = {}): Promise<Relay> => {
      const { prefix, kafka, topics, log } = installation;
      const relay = await startRelay({ prefix, kafka, topics, log, logger, ...options });
      installation.onDispose(() => relay.close());
      return relay;
    };
    const write = async (count: number): Promise<void> => {
      await installation.store.append(newStream(), NO_STREAM, eventsToAppend(count));
    };
    const published = (relay: Relay, position: number): Promise<void> =>
      until(`${position} is published`, () => relay.status().position === position);

    it('publishes every event as it is stored, keyed by its stream', async () => {
      const relay = await start();
      await published(relay, 0);
      const stream = newStream();
      await installation.store.append(stream, NO_STREAM, [
        eventToAppend('Versioned', 7, { schemaVersion: '1', causationId: 'c' }),
        eventToAppend('Plain', { text: 'ü' }),
      ]);
      await published(relay, 2);
      const [stored] = (await installation.log.readAll({ after: 0, limit: 1 })).events;

      expect(await readTopic(installation, 2)).toEqual([
        {
          log: stored?.metadata.eventId,
          position: 1,
          previous: 0,
          stream,
          revision: 0,
          type: 'Versioned',
          payload: JSON.stringify({ data: 7, metadata: stored?.metadata }),
        },
        expect.objectContaining({ position: 2, previous: 1, stream, revision: 1, type: 'Plain' }),
      ]);
    });

    it('names a log that was empty when it began by the first event that came', async () => {
      const server = await startStandIn();
      const store = openEventStoreDb({ url: server.url, decode: asStored });
      installation.onDispose(() => server.stop());
      installation.onDispose(() => store.close());
      let emptySlices = 0;
      async function* subscribe(options: Parameters<EventStore['subscribe']>[0]): AsyncGenerator<AllSlice> {
        for await (const slice of store.subscribe(options)) {
          yield slice;
          // The relay has taken it, and asks for the next one.
          if (slice.events.length === 0) emptySlices++;
        }
      }
      await start({ log: { readAll: (options) => store.readAll(options), head: () => store.head(), subscribe } });
      await until('the relay has passed events of the server', () => emptySlices > 0);
      const { events, position } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));

      expect(await readTopic(installation, position)).toMatchObject([{ log: idsOf(events)[0], position }]);
    });

    it('announces an event that is too large to travel', async () => {
      const relay = await start();
      await published(relay, 0);
      await installation.store.append(newStream(), NO_STREAM, [eventToAppend('Large', 'x'.repeat(600 * 1024))]);
      await published(relay, 1);

      expect(await readTopic(installation, 1)).toMatchObject([{ position: 1, type: 'Large', payload: undefined }]);
    });

    it('publishes more at once than Kafka takes in one write', async () => {
      const relay = await start();
      await published(relay, 0);
      const large = Array.from({ length: 60 }, (_, n) => eventToAppend('Large', String(n % 10).repeat(n * 5_000)));
      await installation.store.append(newStream(), NO_STREAM, large);
      await published(relay, 60);

      const messages = await readTopic(installation, 60);
      expect(messages.map(({ payload }) => payload !== undefined)).toEqual(large.map(() => true));
      expect(breaksIn(messages)).toEqual([]);
    });

    it('publishes in one process of several, and in another when that one leaves', async () => {
      const relays = [await start(), await start(), await start()];
      const holder = (): Relay | undefined => relays.find((relay) => relay.status().isHolder);
      await until('one of them stands at the beginning', () => holder()?.status().position === 0);
      for (const count of [5, 10, 15]) {
        await write(5);
        await until('it is published', () => holder()?.status().position === count);
        expect(relays.filter((relay) => relay.status().isHolder)).toHaveLength(1);
        await holder()?.close();
      }

      const messages = await readTopic(installation, 15);
      expect(breaksIn(messages)).toEqual([]);
      expect(relays.map((relay) => relay.status().published)).toEqual([5, 5, 5]);
    }, 60_000);

    it('goes on where it stopped', async () => {
      const first = await start();
      await published(first, 0);
      await write(10);
      await published(first, 10);
      await first.close();
      await write(10);
      const second = await start();
      await published(second, 20);

      expect(second.status().published).toBe(10);
      expect((await readTopic(installation, 20)).map(({ position }) => position)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    });

    it('refuses a topic with another number of partitions, naming the setting, and changes nothing', async () => {
      const { admin, names, topics } = installation;
      await (await start()).close();
      await expect(start({ topics: { ...topics, partitions: PARTITIONS + 1 } })).rejects.toThrow(
        `the Kafka topic ${names.events} has ${PARTITIONS} partitions, but ANNALS_KAFKA_PARTITIONS is ${PARTITIONS + 1}`,
      );

      const metadata = await admin.fetchTopicMetadata({ topics: [names.events] });
      expect(metadata.topics[0]?.partitions).toHaveLength(PARTITIONS);
    });

    it('starts without Kafka, and publishes when it is there', async () => {
      const proxy = await startKafkaProxy(brokers);
      proxy.cut();
      const relay = await start({ kafka: proxy.through(installation.kafka) });
      installation.onDispose(() => proxy.close());
      await write(5);
      expect(relay.status()).toEqual({ isHolder: false, position: undefined, published: 0 });
      proxy.heal();
      await published(relay, 5);
      await write(5);
      await published(relay, 10);

      expect(breaksIn(await readTopic(installation, 10))).toEqual([]);
    });

    it('goes on after an outage without losing or repeating anything', async () => {
      const proxy = await startKafkaProxy(brokers);
      const relay = await start({ kafka: proxy.through(installation.kafka), sessionMs: 2_000 });
      installation.onDispose(() => proxy.close());
      await published(relay, 0);
      for (let outage = 1; outage <= 3; outage++) {
        const writing = Promise.all(Array.from({ length: 10 }, () => write(10)));
        proxy.cut();
        await writing;
        await until('the outage is noticed', () => !relay.status().isHolder);
        proxy.heal();
        await published(relay, outage * 100);
      }

      const messages = await readTopic(installation, 300);
      expect(messages.map(({ position }) => position)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
      expect(breaksIn(messages)).toEqual([]);
    }, 90_000);

    it('begins at the head of the log when Kafka was emptied', async () => {
      const { admin, names } = installation;
      const first = await start();
      await published(first, 0);
      await write(10);
      await published(first, 10);
      await first.close();
      await admin.deleteTopics({ topics: [names.events, names.relay] });
      await write(10);
      const second = await start();
      await published(second, 20);
      await write(2);
      await published(second, 22);

      expect(second.status().published).toBe(2);
      expect(await readTopic(installation, 22)).toMatchObject([
        { previous: 20, position: 21 },
        { previous: 21, position: 22 },
      ]);
    });

    it('begins at the head of a log that is not the one published before', async () => {
      const first = await start();
      await published(first, 0);
      await write(10);
      await published(first, 10);
      await first.close();
      const other = await newInstallation(brokers);
      installation.onDispose(() => other.dispose());
      await other.store.append(newStream(), NO_STREAM, eventsToAppend(15));
      const second = await start({ log: other.log });
      await published(second, 15);
      await other.store.append(newStream(), NO_STREAM, eventsToAppend(1));
      await published(second, 16);

      expect(second.status().published).toBe(1);
      const { events } = await readOn(other.store, 15);
      const last = (await readTopic(installation, 16)).at(-1);
      expect(last).toMatchObject({ previous: 15, position: 16 });
      expect(last?.payload).toContain(idsOf(events)[0]);
    });
  });
});
