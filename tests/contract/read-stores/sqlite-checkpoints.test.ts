import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import { until } from '../../projections/support/world.ts';
import { rowsOf, write } from './helpers.ts';
import { documentSamples } from './samples.ts';

describe('the write-ahead log of a read model', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'annals-read-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const file = (suffix: string): string => join(dir, `papers.v1.sqlite${suffix}`);
  const paper = (index: number): { readonly id: string; readonly body: string } => ({
    id: `paper ${index}`,
    body: 'x'.repeat(100_000),
  });

  it('is copied into the database by another thread, while its writer goes on', async () => {
    const stores = openSqliteReadStores({ dir, checkpoints: 'apart' });
    const { store } = await stores.create(documentSamples.definition, 1);
    const fewPages = statSync(file('')).size;
    // 24 MB make a checkpoint worth while; the writer itself would only make one at 80 MB.
    for (let index = 0; index < 300; index++) await write(store, [paper(index)]);
    await until(() => statSync(file('')).size > Math.max(fewPages, 20_000_000));
    await write(store, [paper(300)]);
    await store.close();
    expect(existsSync(file('-wal'))).toBe(false);
    const again = await stores.open(documentSamples.definition, 1);
    expect(await rowsOf(again.store)).toHaveLength(301);
    await again.store.close();
  });

  it('is copied by its writer when there is no other thread', async () => {
    const { store } = await openSqliteReadStores({ dir }).create(documentSamples.definition, 1);
    for (let index = 0; index < 100; index++) await write(store, [paper(index)]);
    expect(statSync(file('')).size).toBeGreaterThan(4_000_000);
    await store.close();
    expect(existsSync(file('-wal'))).toBe(false);
  });
});
