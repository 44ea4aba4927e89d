import { expect, test } from 'vitest';
import { parseKafkaUrl, type RelayStatus } from '../../src/infrastructure/event-bus/kafka.ts';
import { kafkaNames } from '../../src/infrastructure/event-bus/kafka/names.ts';
import { openEventStoreDb } from '../../src/infrastructure/event-store/esdb.ts';
import { readOn } from '../contract/event-store/helpers.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { breaksIn, readTopic } from '../relay/support/read-topic.ts';
import { onEveryEngine } from './support/every-engine.ts';
import { KILLS, killAgainAndAgain } from './support/kills.ts';
import type { RelaySettings } from './support/relay-child.ts';
import { expectWhole } from './support/whole.ts';

onEveryEngine(
  'mysql',
  ({ platform, urls }) => {
    test(
      `outlives ${KILLS} relays that are killed while they publish, and has each event in Kafka once`,
      async () => {
        const { installation, processes, eventStore } = platform();
        const load = await platform().load();
        await processes.at(-1)?.kill();

        const worked = await killAgainAndAgain<RelayStatus>({
          program: new URL('./support/relay-child.ts', import.meta.url),
          settings: { env: installation.env, dataDir: installation.dataDir } satisfies RelaySettings,
          isAtWork: ({ published }) => published > 0,
        });
        expect(worked).toBeGreaterThan(KILLS / 2);

        await platform().start('relay');
        await expectWhole(platform(), load);
        const store = openEventStoreDb({ url: eventStore.url, decode: decodeEventData });
        const positions = (await readOn(store, 0)).events.map(({ position }) => position);
        await store.close();
        const messages = await readTopic(
          {
            kafka: { ...parseKafkaUrl(urls.kafka), clientId: 'annals-test' },
            names: kafkaNames(installation.env['ANNALS_ENGINE_PREFIX'] ?? ''),
          },
          positions.at(-1) ?? 0,
        );
        expect(breaksIn(messages)).toEqual([]);
        const first = messages[0]?.position ?? Infinity;
        expect(messages.map(({ position }) => position)).toEqual(positions.filter((position) => position >= first));
      },
      120_000 + KILLS * 5_000,
    );
  },
  ['api', 'projector,worker,scheduler', 'relay'],
);
