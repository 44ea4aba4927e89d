import { engines, type EngineName } from '../support/engine-table.ts';
import { benchAnswers } from './engines/answers.ts';
import { benchCatchUp } from './engines/catch-up.ts';
import { benchOutage } from './engines/outage.ts';
import { benchRebuild } from './engines/rebuild.ts';
import { testedStores } from './engines/tested-store.ts';
import { benchVisible } from './engines/visible.ts';
import type { BenchRow } from './row.ts';

const VISIBLE = 'event to visible MySQL row through Kafka';
const ANSWERS = 'list through MySQL, answered before';
const OUTAGE = 'command latency with Kafka and every read store down';

/** What the product does on real engines, each where its variable names one; what cannot be measured says so. */
export async function benchEngines(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  const [sql, kafka] = [urlOf('mysql'), urlOf('kafka')];
  rows.push(
    sql !== undefined && kafka !== undefined
      ? await orFailed(VISIBLE, () => benchVisible(sql, kafka))
      : skipped(VISIBLE, sql === undefined ? 'mysql' : 'kafka'),
  );
  const redis = urlOf('redis');
  rows.push(
    sql !== undefined && redis !== undefined
      ? await orFailed(ANSWERS, () => benchAnswers(sql, redis))
      : skipped(ANSWERS, sql === undefined ? 'mysql' : 'redis'),
  );
  for (const tested of testedStores) {
    const url = urlOf(tested.engine);
    if (url === undefined) {
      rows.push(skipped(`${tested.title}: catch-up and rebuild`, tested.engine));
      continue;
    }
    rows.push(
      await orFailed(`${tested.title}: catch-up`, () => benchCatchUp(tested, url)),
      await orFailed(`${tested.title}: rebuild`, () => benchRebuild(tested, url)),
    );
  }
  const reached = testedStores.flatMap((tested) => {
    const url = urlOf(tested.engine);
    return url === undefined ? [] : [{ tested, url }];
  });
  rows.push(
    kafka !== undefined && reached.length > 0
      ? await orFailed(OUTAGE, () => benchOutage(reached, kafka))
      : skipped(OUTAGE, kafka === undefined ? 'kafka' : 'mysql'),
  );
  return rows;
}

function urlOf(name: EngineName): string | undefined {
  return process.env[engines[name].variable] || undefined;
}

/** One that cannot be measured must not take the other rows with it. */
async function orFailed(what: string, bench: () => Promise<BenchRow>): Promise<BenchRow> {
  try {
    return await bench();
  } catch (error) {
    console.error(what, error);
    return { what, value: 'failed', floor: '–', ratio: '–', goal: '–', met: false };
  }
}

function skipped(what: string, engine: EngineName): BenchRow {
  const { title, variable } = engines[engine];
  const value = `skipped: no ${title} (${variable} names none)`;
  return { what, value, floor: '–', ratio: '–', goal: '–', met: 'skipped' };
}
