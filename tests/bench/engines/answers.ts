import { httpRequest, load, type LoadResult } from '../load.ts';
import { pinSelf } from '../pinned.ts';
import { caughtUp, startProduct, type Product } from '../product.ts';
import { figure, type BenchRow } from '../row.ts';
import { withPlace } from './place.ts';
import { rawSql } from './raw-sql.ts';

const USERS = 50;
const ROUNDS = 3;
const CALLS = 150;
const sorts = ['username', '-username', 'createdAt', '-createdAt', 'updatedAt', '-updatedAt'];
const GOAL = 1.5;

/** A list from MySQL that nobody has asked for before, and one that was answered before, in turns in one run. */
export async function benchAnswers(sqlUrl: string, redisUrl: string): Promise<BenchRow> {
  pinSelf(1);
  const engines = { ANNALS_SQL_URL: sqlUrl, ANNALS_REDIS_URL: redisUrl };
  return withPlace(engines, async ({ dataDir, prefix }) => {
    const raw = await rawSql(sqlUrl, prefix);
    const env = { ...engines, ANNALS_ENGINE_PREFIX: prefix, ANNALS_LOG_LEVEL: 'silent' };
    const product = await startProduct({ dataDir, env });
    try {
      return await measure(product);
    } finally {
      await product.stop();
      await raw.remove();
      await raw.close();
    }
  });
}

async function measure(product: Product): Promise<BenchRow> {
  for (let n = 1; n < USERS; n++) {
    const person = { username: `person${n}`, email: `person${n}@example.org`, password: `a password of person ${n}` };
    await product.request('POST', '/api/v1/auth/register', person);
  }
  await caughtUp(product);
  const headers = { authorization: `Bearer ${product.token}` };
  let asked = 0;
  /** The same page under another limit or in another order each time. */
  const another = (): string => {
    const n = asked++;
    const [limit, sort] = [200 - Math.floor(n / sorts.length), sorts[n % sorts.length] ?? ''];
    return httpRequest('GET', `/api/v1/users?limit=${limit}&sort=${sort}`, headers);
  };
  const same = (): string => httpRequest('GET', '/api/v1/users?limit=99&sort=username', headers);
  const run = (request: () => string) =>
    load({ port: product.port, connections: 1, warmup: 10, calls: CALLS, request });
  const rounds: { readonly read: LoadResult; readonly kept: LoadResult }[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push({ read: await run(another), kept: await run(same) });
  const ratio = median(rounds.map(({ read, kept }) => read.p50 / kept.p50));
  return {
    what: `list of ${USERS} users through MySQL, answered before`,
    value: `p50 ${figure(median(rounds.map(({ kept }) => kept.p50)))} ms`,
    floor: `not answered before: p50 ${figure(median(rounds.map(({ read }) => read.p50)))} ms`,
    ratio: `${figure(ratio)} times as fast`,
    goal: `≥ ${GOAL}`,
    met: ratio >= GOAL,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
