import { figure, type BenchRow } from '../row.ts';
import { seedLog } from '../seed.ts';
import { withPlace } from './place.ts';
import { openStoreSide, type StoreSide } from './store-side.ts';
import type { TestedStore } from './tested-store.ts';

const EVENTS = 100_000;

/** All models of a store built anew beside the live ones, from asking for it to the last switch. */
export async function benchRebuild(tested: TestedStore, url: string): Promise<BenchRow> {
  const { title, setting, projections, rebuildGoal } = tested;
  return withPlace({ [setting]: url }, async (place) => {
    const raw = await tested.raw(url, place.prefix);
    try {
      const events = await seedLog(place.dataDir, EVENTS, tested.streamOf);
      const side = await openStoreSide(place, projections);
      await side.ready;
      const began = performance.now();
      await rebuildAll(
        side,
        projections.map(({ name }) => name),
      );
      const seconds = (performance.now() - began) / 1000;
      await side.close();
      return {
        what: `${title}: rebuild of its ${projections.length} models over ${figure(events)} events`,
        value: `${figure(seconds)} s`,
        floor: '–',
        ratio: '–',
        goal: `≤ ${rebuildGoal} s`,
        met: seconds <= rebuildGoal,
      };
    } finally {
      await raw.remove();
      await raw.close();
    }
  });
}

async function rebuildAll({ control }: StoreSide, names: readonly string[]): Promise<void> {
  const asked = new Set(names);
  const ended = new Promise<void>((resolve, reject) => {
    control.onRebuildChange(({ projection, status, error }) => {
      if (status === 'failed') reject(new Error(`${projection}: ${error ?? ''}`));
      if (status === 'succeeded') asked.delete(projection);
      if (asked.size === 0) resolve();
    });
  });
  for (const name of names) await control.rebuild(name, name);
  await ended;
}
