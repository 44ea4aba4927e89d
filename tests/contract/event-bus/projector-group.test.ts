import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureTopics } from '../../../src/infrastructure/event-bus/kafka/topics.ts';
import { createKafkaProjectorGroup } from '../../../src/infrastructure/event-bus/kafka.ts';
import { createSoleProjectorGroup } from '../../../src/infrastructure/event-bus/sole-projector-group.ts';
import type { ProjectorGroup } from '../../../src/ports/event-bus.ts';
import { logger, newInstallation } from '../../relay/support/installation.ts';
import type { Installation } from '../../relay/support/installation.ts';
import { startKafkaProxy } from '../../relay/support/kafka-proxy.ts';
import { until } from '../../relay/support/until.ts';
import { onEngine } from '../../support/engines.ts';

const models = ['audit', 'executions', 'mcps', 'sessions', 'users'];

describe('a projector group of one process', () => {
  it('owns every model', () => {
    expect([...createSoleProjectorGroup(models).owned()]).toEqual(models);
  });
});

onEngine('kafka', (brokers) => {
  describe('a projector group', () => {
    let installation: Installation;

    beforeEach(async () => {
      installation = await newInstallation(brokers);
      await ensureTopics(installation.admin, installation.names, installation.topics);
    });
    afterEach(() => installation.dispose());

    const join = (kafka = installation.kafka, aloneMs?: number): ProjectorGroup => {
      const { prefix } = installation;
      const group = createKafkaProjectorGroup({
        ...{ kafka, prefix, models, logger, sessionMs: 1_000 },
        ...(aloneMs === undefined ? {} : { aloneMs }),
      });
      installation.onDispose(() => group.close());
      return group;
    };
    const joinAsProcess = (): { readonly child: ChildProcess; readonly owned: () => readonly string[] } => {
      const path = fileURLToPath(new URL('../../relay/support/projector-child.ts', import.meta.url));
      const args = [installation.prefix, brokers, ...models];
      const child = fork(path, args, { execArgv: ['--disable-warning=TimeoutNegativeWarning'] });
      installation.onDispose(async () => void child.kill('SIGKILL'));
      let owned: readonly string[] = [];
      child.on('message', (message) => {
        owned = message as readonly string[];
      });
      return { child, owned: () => owned };
    };
    const spread = (what: string, owned: readonly (() => Iterable<string>)[]): Promise<void> =>
      until(what, () => {
        const shares = owned.map((share) => [...share()]);
        const sizes = shares.map(({ length }) => length);
        const isWhole = shares.flat().toSorted().join() === models.join();
        return isWhole && Math.max(...sizes) - Math.min(...sizes) <= 1;
      });

    it('gives each model to one process, and moves few when one joins or leaves', async () => {
      const first = join();
      await spread('the first owns all', [() => first.owned()]);
      let changes = 0;
      first.onChange(() => changes++);
      const second = join();
      await spread('two share them', [() => first.owned(), () => second.owned()]);
      const before = [first.owned(), second.owned()];
      const third = join();
      await spread('three share them', [() => first.owned(), () => second.owned(), () => third.owned()]);

      expect(changes).toBeGreaterThan(0);
      for (const [index, group] of [first, second].entries()) {
        for (const model of group.owned()) expect(before[index]).toContain(model);
      }
      await third.close();
      await spread('two share them again', [() => first.owned(), () => second.owned()]);
      await first.close();
      await spread('the second owns all', [() => second.owned()]);
    });

    it('gives the models of a process that was killed to the others', async () => {
      const here = join();
      const there = joinAsProcess();
      const elsewhere = joinAsProcess();
      await spread('three share them', [() => here.owned(), there.owned, elsewhere.owned]);
      const exited = once(there.child, 'exit');
      there.child.kill('SIGKILL');
      await exited;

      await spread('two share them', [() => here.owned(), elsewhere.owned]);
    });

    it('keeps everything up in a process that has been without Kafka, until the group is there again', async () => {
      const proxy = await startKafkaProxy(brokers);
      installation.onDispose(() => proxy.close());
      proxy.cut();
      const cutOff = join(proxy.through(installation.kafka), 500);
      const other = join();
      await spread('the other owns all', [() => other.owned()]);
      await spread('the one that was cut off owns all', [() => cutOff.owned()]);
      proxy.heal();

      await spread('they share them', [() => cutOff.owned(), () => other.owned()]);
    });
  });
});
