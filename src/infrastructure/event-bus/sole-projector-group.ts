import type { ProjectorGroup } from '../../ports/event-bus.ts';

/** The group of a process that keeps up all its read models itself. */
export function createSoleProjectorGroup(models: readonly string[]): ProjectorGroup {
  const all: ReadonlySet<string> = new Set(models);
  return { owned: () => all, onChange: () => undefined, close: async () => undefined };
}
