import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureTopics } from '../../src/infrastructure/event-bus/kafka/topics.ts';
import { openKafkaBus } from '../../src/infrastructure/event-bus/kafka.ts';
import type { RecordedEvent } from '../../src/ports/event-store.ts';
import { idsOf, readOn } from '../contract/event-store/helpers.ts';
import { decode } from '../contract/event-store/suite.ts';
import { onEngine } from '../support/engines.ts';
import { logger, newInstallation } from './support/installation.ts';
import type { Installation } from './support/installation.ts';
import { startLoad } from './support/load.ts';
import { breaksIn, readTopic } from './support/read-topic.ts';
import { startRelayProcess } from './support/relay-process.ts';
import type { RelayProcess } from './support/relay-process.ts';
import { until } from './support/until.ts';

/** How many relays are killed; a long run sets more. */
const KILLS = Number(process.env['ANNALS_TEST_RELAY_KILLS'] ?? 12);

onEngine('kafka', (brokers) => {
  describe('relays that are killed while events are written', () => {
    let installation: Installation;
    let processes: RelayProcess[];

    beforeEach(async () => {
      installation = await newInstallation(brokers);
      processes = [];
      installation.onDispose(() => Promise.all(processes.map((relay) => relay.kill())));
      await ensureTopics(installation.admin, installation.names, installation.topics);
    });
    afterEach(() => installation.dispose());

    const start = (options: Parameters<typeof startRelayProcess>[1]): RelayProcess => {
      const relay = startRelayProcess(installation, options);
      processes.push(relay);
      return relay;
    };

    /** A subscriber of the bus from the log's beginning on. */
    const follow = () => {
      const { kafka, prefix, store } = installation;
      const bus = openKafkaBus({ kafka, prefix, store, decode, logger });
      const events: RecordedEvent[] = [];
      const ending = new AbortController();
      const following = (async () => {
        for await (const slice of bus.subscribe({ after: 0, signal: ending.signal })) events.push(...slice.events);
      })();
      installation.onDispose(async () => {
        ending.abort();
        await following;
        await bus.close();
      });
      return events;
    };

    /** Every event is in Kafka once, chained to the one before it, and came to the subscriber once and in order. */
    const expectNothingLost = async (seen: readonly RecordedEvent[]): Promise<void> => {
      const { store } = installation;
      const head = await store.head();
      await until('everything is published', () => processes.some((relay) => relay.status().position === head));
      await until('everything has come', () => seen.at(-1)?.position === head);
      const written = (await readOn(store, 0)).events;
      const messages = await readTopic(installation, head);
      const first = messages[0]?.position ?? 0;

      expect(idsOf(seen)).toEqual(idsOf(written));
      expect(breaksIn(messages)).toEqual([]);
      expect(messages.map(({ position }) => position)).toEqual(
        written.map(({ position }) => position).filter((position) => position >= first),
      );
    };

    it(
      'are followed by others that publish each event once, and leave no gap',
      async () => {
        const seen = follow();
        const load = startLoad(installation.store);
        start({ sessionMs: 1_000 });
        start({ sessionMs: 1_000 });
        for (let kills = 0; kills < KILLS / 3; kills++) {
          const holder = await publishing(processes);
          await holder.kill();
          start({ sessionMs: 1_000 });
        }
        await publishing(processes);
        await load.end();

        await expectNothingLost(seen);
      },
      60_000 + KILLS * 5_000,
    );

    it(
      'publish each event once even when each of them believes to be the only one',
      async () => {
        const seen = follow();
        const load = startLoad(installation.store);
        for (let kills = 0; kills < KILLS; kills++) {
          const next = start({ isUnelected: true });
          await until('the new one publishes', () => next.status().published > 20);
          if (kills > 0) await processes[kills - 1]?.kill();
        }
        await load.end();

        await expectNothingLost(seen);
      },
      60_000 + KILLS * 5_000,
    );
  });
});

/** The relay that has published something, once there is one. */
async function publishing(processes: readonly RelayProcess[]): Promise<RelayProcess> {
  const find = (): RelayProcess | undefined =>
    processes.find((relay) => relay.status().isHolder && relay.status().published > 0);
  await until('a relay publishes', () => find() !== undefined);
  const holder = find();
  if (holder === undefined) throw new Error('the relay has stopped publishing');
  return holder;
}
