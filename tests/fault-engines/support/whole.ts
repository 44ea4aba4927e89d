import { expect } from 'vitest';
import { openEventStoreDb } from '../../../src/infrastructure/event-store/esdb.ts';
import { decodeEventData } from '../../../src/domain/registry.ts';
import { checkAcknowledged } from '../../fault/check-acknowledged.ts';
import { checkRecord } from '../../fault/check-record.ts';
import { until } from '../../http/support/until.ts';
import type { Api } from '../../integration/support/api.ts';
import { rebuiltRowsOf, type ProjectionItem } from '../../integration/support/read-models.ts';
import type { Load } from './load.ts';
import type { Platform } from './platform.ts';

/** Milliseconds after the end of a fault in which the read models have to have everything. */
const CATCH_UP_MS = 30_000;

/**
 * What has to hold when a fault is over, which it is now: commands are taken again, all answers were right or told when to come
 * again, the read models have everything within 30 s, every call has an end, every acknowledged event stands in the log
 * once, and the rows are those of a rebuild.
 */
export async function expectWhole(platform: Platform, load: Load): Promise<void> {
  const deadline = performance.now() + CATCH_UP_MS;
  await load.goesOn();
  await load.end();
  expect(load.wrong.slice(0, 10)).toEqual([]);
  const { api } = platform;
  await level(api, deadline - performance.now());
  await noCallIsOpen(api, deadline - performance.now());
  await level(api, deadline - performance.now());
  expect(await faultsOfLog(platform.eventStore.url, load)).toEqual([]);
  expect(await platform.installation.rows()).toEqual(
    await rebuiltRowsOf(platform.eventStore.url, masterKeyOf(platform.installation.env)),
  );
}

/** Answers when all read models are live and have no lag. */
export async function level(api: Api, withinMs: number): Promise<void> {
  let state = '';
  const isLevel = async () => {
    const { status, body, text } = await api.request('GET', '/api/v1/projections');
    state = text;
    if (status !== 200) return false;
    const { items } = body as { items: readonly ProjectionItem[] };
    return items.every((item) => item.lag === 0 && item.status === 'live' && item.deadLetters === 0);
  };
  try {
    await until(isLevel, 'the read models have everything', withinMs);
  } catch (error) {
    throw new Error(`${String(error)}: ${state}`, { cause: error });
  }
}

/**
 * Answers when the ends of calls that could not be recorded during a fault stand in the log.
 * @param api whose read models have all calls
 */
async function noCallIsOpen(api: Api, withinMs: number): Promise<void> {
  const isNoneOpen = async () => {
    const { status, body } = await api.request('GET', '/api/v1/executions?status=running&limit=1');
    return status === 200 && (body as { items: readonly unknown[] }).items.length === 0;
  };
  await until(isNoneOpen, 'every call has an end', withinMs);
}

async function faultsOfLog(url: string, { acknowledged }: Load): Promise<readonly string[]> {
  const store = openEventStoreDb({ url, decode: decodeEventData });
  try {
    return [
      ...(await checkRecord(store, [], { contiguous: false })),
      ...(await checkAcknowledged(store, acknowledged, 0)),
    ];
  } finally {
    await store.close();
  }
}

function masterKeyOf({ ANNALS_MASTER_KEY }: Readonly<Record<string, string>>): string {
  if (ANNALS_MASTER_KEY === undefined) throw new Error('the installation has no master key');
  return ANNALS_MASTER_KEY;
}
