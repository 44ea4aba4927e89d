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

    it('publishes nothing out of turn, and is there when it is needed', async () => {
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
      const published = (): number => Math.max(...[stopped, other].map((one) => one.status().position ?? 0));
      const taken = published();
      await until('much more is published', () => published() > taken + 500);

      // The group may have given it back to the first meanwhile: whoever publishes ends, and the one that is left goes on.
      await until('one of them publishes', () => stopped.status().isHolder || other.status().isHolder);
      const [publishing, left] = other.status().isHolder ? [other, stopped] : [stopped, other];
      const before = left.status().published;
      await publishing.kill();
      await until('the one that is left publishes', () => left.status().published > before);
      await load.end();
      const head = await installation.store.head();
      await until('all is published', () => left.status().position === head);
      const messages = await readTopic(installation, head);
      expect(breaksIn(messages)).toEqual([]);
      expect(new Set(messages.map(({ position }) => position)).size).toBe(messages.length);
    }, 60_000);
  });
});
