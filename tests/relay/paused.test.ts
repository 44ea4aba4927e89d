import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onEngine } from '../support/engines.ts';
import { newInstallation } from './support/installation.ts';
import type { Installation } from './support/installation.ts';
import { startLoad } from './support/load.ts';
import { breaksIn, readTopic } from './support/read-topic.ts';
import { startRelayProcess } from './support/relay-process.ts';
import { until } from './support/until.ts';

onEngine('kafka', (brokers) => {
  describe('a relay that is stopped beyond its session, and goes on', () => {
    let installation: Installation;

    beforeEach(async () => {
      installation = await newInstallation(brokers);
    });
    afterEach(() => installation.dispose());

    it('publishes nothing more, and stands by for when it is needed', async () => {
      const load = startLoad(installation.store);
      installation.onDispose(() => load.end());
      const stopped = startRelayProcess(installation, { sessionMs: 3_000 });
      installation.onDispose(() => stopped.kill());
      await until('the first publishes', () => stopped.status().published > 0);
      const other = startRelayProcess(installation, { sessionMs: 3_000 });
      installation.onDispose(() => other.kill());

      stopped.stop();
      await until('the other publishes', () => other.status().published > 0);
      stopped.goOn();
      await until('the first knows that it was replaced', () => !stopped.status().isHolder);
      // It may have learnt only now that its last write before the stop had been taken.
      const { published } = stopped.status();
      const taken = other.status().position ?? 0;
      await until('much more is published', () => (other.status().position ?? 0) > taken + 500);

      // While the group takes the first back, nobody holds it for a moment.
      await until('the other still publishes', () => other.status().isHolder);
      expect(stopped.status()).toMatchObject({ isHolder: false, published });
      await other.kill();
      await until('the first publishes again', () => stopped.status().published > published);
      await load.end();
      const head = await installation.store.head();
      await until('all is published', () => stopped.status().position === head);
      const messages = await readTopic(installation, head);
      expect(breaksIn(messages)).toEqual([]);
      expect(new Set(messages.map(({ position }) => position)).size).toBe(messages.length);
    }, 60_000);
  });
});
