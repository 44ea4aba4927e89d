import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaBus, startRelay } from '../../../src/infrastructure/event-bus/kafka.ts';
import type { KafkaAccess, Relay } from '../../../src/infrastructure/event-bus/kafka.ts';
import { EngineUnfit } from '../../../src/ports/engine-probe.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore, RecordedEvent } from '../../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { logger, newInstallation } from '../../relay/support/installation.ts';
import type { Installation } from '../../relay/support/installation.ts';
import { startKafkaProxy } from '../../relay/support/kafka-proxy.ts';
import { until } from '../../relay/support/until.ts';
import { onEngine } from '../../support/engines.ts';
import { eventToAppend, eventsToAppend, idsOf, newStream, readOn } from '../event-store/helpers.ts';
import { decode } from '../event-store/suite.ts';

onEngine('kafka', (brokers) => {
  describe('the Kafka bus', () => {
    let installation: Installation;
    let relay: Relay;

    beforeAll(async () => {
      installation = await newInstallation(brokers);
      const { prefix, kafka, topics, log } = installation;
      relay = await startRelay({ kafka, prefix, topics, log, logger });
      installation.onDispose(() => relay.close());
    });
    afterAll(() => installation.dispose());

    /** A bus, one follower of it from the head on, and how often the log was read for it. */
    const follow = async (kafka: KafkaAccess = installation.kafka, reader = installation.store, codec = decode) => {
      const { prefix, store } = installation;
      const after = await store.head();
      let reads = 0;
      const counted: Pick<EventStore, 'readAll' | 'head'> = {
        readAll: (options) => {
          reads++;
          return reader.readAll(options);
        },
        head: () => reader.head(),
      };
      const bus = openKafkaBus({ kafka, prefix, store: counted, decode: codec, logger });
      const ending = new AbortController();
      const events: RecordedEvent[] = [];
      const following = (async () => {
        for await (const slice of bus.subscribe({ after, signal: ending.signal })) events.push(...slice.events);
      })();
      const close = async (): Promise<void> => {
        ending.abort();
        await following.finally(() => bus.close());
      };
      return { bus, after, events, following, close, reads: () => reads };
    };

    /** Writes an event, and tells whether it came without the log having been read. */
    const comesThroughKafka = async (follower: Awaited<ReturnType<typeof follow>>): Promise<boolean> => {
      const before = follower.reads();
      const count = follower.events.length;
      await installation.store.append(newStream(), NO_STREAM, eventsToAppend(1));
      await until('the event comes', () => follower.events.length > count);
      return follower.reads() === before;
    };

    it('hands out events without reading the log once it has caught up', async () => {
      const follower = await follow();
      await until('events come through Kafka', () => comesThroughKafka(follower));
      const before = follower.reads();
      const count = follower.events.length;
      for (let n = 0; n < 50; n++) await installation.store.append(newStream(), NO_STREAM, eventsToAppend(2));
      await until('all come', () => follower.events.length === count + 100);

      expect(follower.reads()).toBe(before);
      await follower.close();
    });

    it('passes on an event that cannot be decoded, and tells that to who looks at its data', async () => {
      const follower = await follow(installation.kafka, installation.store, (type, version, data) => {
        if (type === 'Broken') throw new Error('no way to read this');
        return decode(type, version, data);
      });
      await until('events come through Kafka', () => comesThroughKafka(follower));
      const count = follower.events.length;
      await installation.store.append(newStream(), NO_STREAM, [eventToAppend('Broken'), eventToAppend('Whole')]);
      await until('both come', () => follower.events.length === count + 2);
      const [broken, whole] = follower.events.slice(count);

      expect(() => broken?.data).toThrow(`event ${broken?.position} (Broken) cannot be decoded`);
      expect(whole?.data).toEqual({ n: 1 });
      await follower.close();
    });

    it('goes on from the log while Kafka is away, and from Kafka when it is back', async () => {
      const proxy = await startKafkaProxy(brokers);
      const follower = await follow(proxy.through(installation.kafka));
      await until('events come through Kafka', () => comesThroughKafka(follower));
      proxy.cut();
      for (let n = 0; n < 6; n++) {
        await comesThroughKafka(follower);
        await follower.bus.ping().then(
          () => expect.unreachable('there is no Kafka'),
          (error: unknown) => expect(error).toBeInstanceOf(StoreUnavailable),
        );
      }
      proxy.heal();
      await until('events come through Kafka again', () => comesThroughKafka(follower));

      expect(await follower.bus.ping()).toMatchObject({ engine: 'kafka' });
      const written = (await readOn(installation.store, follower.after)).events;
      expect(idsOf(follower.events)).toEqual(idsOf(written));
      await follower.close();
      await proxy.close();
    });

    it('goes on from the log while Kafka is there and answers nothing', async () => {
      const proxy = await startKafkaProxy(brokers);
      const follower = await follow(proxy.through(installation.kafka));
      await until('events come through Kafka', () => comesThroughKafka(follower));
      proxy.stall();
      for (let n = 0; n < 6; n++) await comesThroughKafka(follower);
      proxy.cut();
      proxy.heal();
      await until('events come through Kafka again', () => comesThroughKafka(follower));

      expect(idsOf(follower.events)).toEqual(idsOf((await readOn(installation.store, follower.after)).events));
      await follower.close();
      await proxy.close();
    });

    it('tells a Kafka that refuses from one that is away', async () => {
      const sasl = { mechanism: 'plain', username: 'me', password: 'hunter2' } as const;
      const { kafka, prefix, store } = installation;
      const bus = openKafkaBus({ kafka: { ...kafka, sasl }, prefix, store, decode, logger });

      await expect(bus.ping()).rejects.toThrow(EngineUnfit);
      await expect(bus.ping()).rejects.not.toThrow('hunter2');
      await bus.close();
    });

    it('says that nothing can be read when neither Kafka nor the log is there', async () => {
      const away: Pick<EventStore, 'readAll' | 'head'> = {
        readAll: (options) => installation.store.readAll(options),
        head: () => Promise.reject(new StoreUnavailable('the log is away')),
      };
      const proxy = await startKafkaProxy(brokers);
      proxy.cut();
      const { following, close } = await follow(proxy.through(installation.kafka), { ...installation.store, ...away });

      await expect(following).rejects.toThrow('the log is away');
      await expect(close()).rejects.toThrow('the log is away');
    });

    it('goes on when its topics are deleted, which are made again and used again', async () => {
      const { admin, names, store } = installation;
      const follower = await follow();
      await until('events come through Kafka', () => comesThroughKafka(follower));
      await admin.deleteTopics({ topics: [names.events, names.relay] });
      await until('events come through Kafka again', () => comesThroughKafka(follower), 60_000);

      expect(await admin.listTopics()).toEqual(expect.arrayContaining([names.events, names.relay]));
      expect(idsOf(follower.events)).toEqual(idsOf((await readOn(store, follower.after)).events));
      await follower.close();
    }, 90_000);
  });
});
