import { MongoClient } from 'mongodb';
import { test } from 'vitest';
import { until } from '../http/support/until.ts';
import type { ProjectionItem } from '../integration/support/read-models.ts';
import { provokeDeadlocks } from './support/deadlocks.ts';
import { onEveryEngine } from './support/every-engine.ts';
import { expectWhole } from './support/whole.ts';

onEveryEngine('mysql', ({ platform, urls }) => {
  const prefix = () => platform().installation.env['ANNALS_ENGINE_PREFIX'] ?? '';

  const modelsIn = async (store: string): Promise<readonly ProjectionItem[]> => {
    const { status, body } = await platform().api.request('GET', '/api/v1/projections');
    const { items } = (status === 200 ? body : { items: [] }) as { items: readonly ProjectionItem[] };
    return items.filter((item) => item.store === store);
  };

  test('outlives deadlocks with a transaction that locks the same rows in MySQL', async () => {
    const load = await platform().load();
    await load.goesOn();
    await provokeDeadlocks(urls.sql, prefix(), 'executions_v1', 5);
    await expectWhole(platform(), load);
  }, 120_000);

  test('outlives a MongoDB whose primary steps down, so that there is none for a while', async () => {
    const load = await platform().load();
    await load.goesOn();
    const client = await new MongoClient(urls.documents).connect();
    try {
      const isPrimary = async () =>
        (await client.db('admin').command({ hello: 1 }, { readPreference: 'secondaryPreferred' }))[
          'isWritablePrimary'
        ] === true;
      await client.db('admin').command({ replSetStepDown: 5, force: true });
      await until(async () => !(await isPrimary()), 'there is no primary', 30_000);
      await until(
        async () => (await modelsIn('documents')).some(({ lag }) => lag > 0),
        'the documents are behind',
        30_000,
      );
      await until(isPrimary, 'it is elected again', 60_000);
    } finally {
      await client.close();
    }
    await expectWhole(platform(), load);
  }, 120_000);

  test('outlives Elasticsearch indices that are blocked for writing', async () => {
    const block = async (value: true | null): Promise<void> => {
      const { status } = await fetch(`${urls.search}/${prefix()}*/_settings`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ 'index.blocks.read_only_allow_delete': value }),
      });
      if (status !== 200) throw new Error(`the block was not taken: ${status}`);
    };
    const load = await platform().load();
    await load.goesOn();
    await block(true);
    try {
      const areBehind = async () => (await modelsIn('search')).every(({ lag }) => lag > 20);
      await until(areBehind, 'the search models stand still', 30_000);
      await load.goesOn();
    } finally {
      await block(null);
    }
    await expectWhole(platform(), load);
  }, 120_000);
});
