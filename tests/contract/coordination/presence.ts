import { describe, expect, it } from 'vitest';
import { nodeNamed, until } from './helpers.ts';
import type { CoordinationUnderTest } from './suite.ts';

export function presenceContract(underTest: () => CoordinationUnderTest): void {
  const here = () => underTest().first.presence;
  const there = () => underTest().second.presence;

  describe('presence', () => {
    it('is seen by all, each node as it last announced itself', async () => {
      await here().announce(nodeNamed('b'), 60_000);
      await there().announce({ ...nodeNamed('a'), host: 'machine-1' }, 60_000);
      await here().announce(nodeNamed('b', ['relay', 'projector']), 60_000);
      const nodes = [{ ...nodeNamed('a'), host: 'machine-1' }, nodeNamed('b', ['relay', 'projector'])];
      expect(await here().nodes()).toEqual(nodes);
      expect(await there().nodes()).toEqual(nodes);
    });

    it('ends with a withdrawal at once', async () => {
      await here().announce(nodeNamed('a'), 60_000);
      await here().announce(nodeNamed('b'), 60_000);
      await here().withdraw('a');
      await here().withdraw('unknown');
      expect(await there().nodes()).toEqual([nodeNamed('b')]);
    });

    it('ends by itself when it is not repeated', async () => {
      await here().announce(nodeNamed('a'), 50);
      await here().announce(nodeNamed('b'), 60_000);
      await until(async () => expect(await there().nodes()).toEqual([nodeNamed('b')]));
      await until(async () => expect(await here().nodes()).toEqual([nodeNamed('b')]));
    });
  });
}
