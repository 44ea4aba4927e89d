import { setTimeout as passes } from 'node:timers/promises';
import { test } from 'vitest';
import { onEveryEngine, type Part } from './support/every-engine.ts';
import { expectWhole } from './support/whole.ts';

/** What is out together, for how long and how: `silent` is held and keeps its connections, `stopped` has ended. */
interface Outage {
  readonly seconds: number;
  readonly silent: readonly Part[];
  readonly stopped: readonly Part[];
}

/** Each engine is out for 1, 10 and 30 s, and in both ways. */
const outages: readonly Outage[] = [
  { seconds: 1, silent: ['eventStore', 'kafka', 'sql', 'redis'], stopped: ['documents', 'search'] },
  { seconds: 10, silent: ['eventStore', 'documents', 'search'], stopped: ['kafka', 'sql', 'redis'] },
  { seconds: 30, silent: ['kafka', 'search', 'redis'], stopped: ['sql', 'documents'] },
  { seconds: 30, silent: [], stopped: ['eventStore'] },
];

onEveryEngine('mysql', ({ platform, server }) => {
  for (const { seconds, silent, stopped } of outages) {
    const what = [...silent.map((part) => `silent ${part}`), ...stopped.map((part) => `stopped ${part}`)].join(', ');
    test(`outlives ${seconds} s of ${what}`, async () => {
      const load = await platform().load();
      await load.goesOn();

      for (const part of silent) server(part).silence();
      await Promise.all(stopped.map((part) => server(part).stop()));
      await passes(seconds * 1_000);
      for (const part of silent) server(part).goOn();
      await Promise.all(stopped.map((part) => server(part).start()));

      await expectWhole(platform(), load);
    }, 300_000);
  }
});
