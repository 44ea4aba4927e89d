import { dockerAnswers } from './docker.ts';
import { engineNames, engineNamesIn, engines, type EngineName } from './engine-table.ts';
import type { EngineContainer } from './engine-containers.ts';

/**
 * Run once before all tests: for each engine whose variable names none, starts one in a container, when Docker is there,
 * and ends it after the tests. ANNALS_TEST_ENGINES says which may be started: names, or `none`; by default all.
 * @throws Error a name is none of an engine's, or an engine that Docker was asked for did not start
 */
export default async function setUpEngines(): Promise<(() => Promise<void>) | undefined> {
  engineNamesIn('ANNALS_TEST_REQUIRE', process.env['ANNALS_TEST_REQUIRE'] ?? '');
  const missing = wanted(process.env['ANNALS_TEST_ENGINES']).filter((name) => !process.env[engines[name].variable]);
  if (missing.length === 0) return undefined;
  if (!(await dockerAnswers(process.env))) {
    say(`skipped: no Docker (for ${missing.map((name) => engines[name].title).join(', ')})`);
    return undefined;
  }

  say(`starting in Docker: ${missing.map((name) => engines[name].title).join(', ')}`);
  // Loading it takes longer than all that is done here without Docker.
  const { startEngine } = await import('./engine-containers.ts');
  const started: EngineContainer[] = [];
  const stop = async () =>
    failTogether('engines could not be stopped', await settle(started, (container) => container.stop()));
  const results = await settle(missing, async (name) => {
    const container = await startEngine[name]();
    started.push(container);
    process.env[engines[name].variable] = container.address;
  });
  if (results.some(({ status }) => status === 'rejected')) {
    await stop();
    failTogether('Docker is there, and did not start an engine (ANNALS_TEST_ENGINES says which to start)', results);
  }
  return stop;
}

function settle<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(items.map(work));
}

function failTogether(message: string, results: readonly PromiseSettledResult<void>[]): void {
  const reasons: unknown[] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length > 0) throw new AggregateError(reasons, [message, ...reasons.map(String)].join('\n  '));
}

function wanted(list: string | undefined): readonly EngineName[] {
  if (list === undefined || list.trim() === '') return engineNames;
  return list.trim() === 'none' ? [] : engineNamesIn('ANNALS_TEST_ENGINES', list);
}

function say(text: string): void {
  process.stdout.write(`engines: ${text}\n`);
}
