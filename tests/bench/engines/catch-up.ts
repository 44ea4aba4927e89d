import type { ReadModel } from '../../../src/ports/read-model.ts';
import { seedLog } from '../seed.ts';
import { figure, type BenchRow } from '../row.ts';
import { withPlace } from './place.ts';
import type { BulkFigures, RawStore } from './raw-store.ts';
import { openStoreSide } from './store-side.ts';
import type { TestedStore } from './tested-store.ts';

const EVENTS = 60_000;
const RATE_GOAL = 5_000;
const RATIO_GOAL = 0.3;
const BULK_RUNS = 3;

/**
 * All models of a store, live and empty, take in a log that was written while they were away. The floor is the store's
 * own bulk loading of the rows that they end with.
 */
export async function benchCatchUp(tested: TestedStore, url: string): Promise<BenchRow> {
  const { title, setting, projections } = tested;
  return withPlace({ [setting]: url }, async (place) => {
    const raw = await tested.raw(url, place.prefix);
    try {
      const empty = await openStoreSide(place, projections);
      await empty.ready;
      await empty.close();
      const events = await seedLog(place.dataDir, EVENTS, tested.streamOf);

      const began = performance.now();
      const side = await openStoreSide(place, projections);
      await side.ready;
      const ms = performance.now() - began;
      await side.close();
      const bulk = await fastestBulk(
        raw,
        projections.map(({ model }) => `${place.prefix}${structureOf(model)}_v1`),
      );
      const rate = (events / ms) * 1000;
      const [rows, floor] = [(bulk.rows / ms) * 1000, (bulk.rows / bulk.ms) * 1000];
      return {
        what: `${title}: its ${projections.length} models in catch-up over ${figure(events)} events`,
        value: `${figure(rate)} events/s (${figure(rows)} rows/s)`,
        floor: `${figure(floor)} rows/s in bulk`,
        ratio: figure(rows / floor),
        goal: `≥ ${figure(RATE_GOAL)} events/s, ≥ ${RATIO_GOAL} × bulk`,
        met: rate >= RATE_GOAL && rows / floor >= RATIO_GOAL,
      };
    } finally {
      await raw.remove();
      await raw.close();
    }
  });
}

/** All of them, each the fastest of some runs: what else the machine does makes the floor lower than it is. */
async function fastestBulk(raw: RawStore, sources: readonly string[]): Promise<BulkFigures> {
  let [rows, ms] = [0, 0];
  for (const source of sources) {
    const runs: BulkFigures[] = [];
    for (let run = 0; run < BULK_RUNS; run++) runs.push(await raw.bulk(source));
    rows += runs[0]?.rows ?? 0;
    ms += Math.min(...runs.map((figures) => figures.ms));
  }
  return { rows, ms };
}

/** What a model's tables, collections or indices are called, but for the installation and the version. */
function structureOf(model: ReadModel): string {
  if (model.kind === 'relational') return model.table;
  return model.kind === 'documents' ? model.collection : model.index;
}
