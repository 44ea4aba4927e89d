import type { Node, Presence } from '../../ports/coordination.ts';

/** The nodes that this process announced itself. @param now milliseconds on a clock that never goes back */
export function createLocalPresence(now: () => number): Presence {
  const announced = new Map<string, { readonly node: Node; readonly until: number }>();
  return {
    announce(node, ttlMs) {
      announced.set(node.id, { node, until: now() + ttlMs });
      return Promise.resolve();
    },
    withdraw(id) {
      announced.delete(id);
      return Promise.resolve();
    },
    nodes() {
      for (const [id, { until }] of announced) if (now() >= until) announced.delete(id);
      const nodes = [...announced.values()].map(({ node }) => node);
      return Promise.resolve(nodes.sort((left, right) => (left.id < right.id ? -1 : 1)));
    },
  };
}
