import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { onStoppableEngines } from './support/engines-script.ts';
import { startPlatform, type Platform } from './support/platform.ts';
import { heal, type Stoppable } from './support/stoppable.ts';
import { expectWhole } from './support/whole.ts';

onStoppableEngines(['mysql', 'mongodb', 'elasticsearch', 'redis', 'kafka'], (engines) => {
  describe('a platform under load', () => {
    let platform: Platform;

    beforeAll(async () => {
      platform = await startPlatform({
        sql: engines.mysql.url,
        documents: engines.mongodb.url,
        search: engines.elasticsearch.url,
        redis: engines.redis.url,
        kafka: engines.kafka.url,
      });
    }, 60_000);
    afterEach(async () => {
      await Promise.all([...Object.values(engines), platform.eventStore].map(heal));
    }, 120_000);
    afterAll(() => platform.remove(), 60_000);

    type Name = keyof typeof engines | 'eventstore';

    /** What is out, and how: `silent` is held and keeps its connections, `stopped` has ended. */
    interface Outage {
      readonly seconds: number;
      readonly silent: readonly Name[];
      readonly stopped: readonly Name[];
    }

    const outages: readonly Outage[] = [
      { seconds: 1, silent: ['mysql', 'kafka', 'redis', 'eventstore'], stopped: ['mongodb', 'elasticsearch'] },
      { seconds: 10, silent: ['mongodb', 'elasticsearch'], stopped: ['mysql', 'kafka', 'redis'] },
      { seconds: 30, silent: ['kafka', 'elasticsearch', 'redis'], stopped: ['mysql', 'mongodb'] },
      { seconds: 10, silent: ['eventstore'], stopped: [] },
      { seconds: 30, silent: [], stopped: ['eventstore'] },
    ];

    test.each(outages)(
      'outlives $seconds s in which $silent are silent and $stopped stopped',
      async ({ seconds, silent, stopped }) => {
        const serversOf = (names: readonly Name[]): readonly Stoppable[] =>
          names.map((name) => (name === 'eventstore' ? platform.eventStore : engines[name]));
        const load = await platform.load();
        await load.goesOn();

        for (const server of serversOf(silent)) server.silence();
        await Promise.all(serversOf(stopped).map((server) => server.stop()));
        await passes(seconds * 1_000);
        for (const server of serversOf(silent)) server.goOn();
        await Promise.all(serversOf(stopped).map((server) => server.start()));

        await expectWhole(platform, load);
      },
      180_000,
    );
  });
});
