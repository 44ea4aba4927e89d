import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { leafOf } from '../../src/audit/leaf.ts';
import { openEsdbRawLog } from '../../src/infrastructure/event-store/esdb-raw-log.ts';
import { openEventStoreDb } from '../../src/infrastructure/event-store/esdb.ts';
import { openSqliteRawLog } from '../../src/infrastructure/event-store/sqlite-raw-log.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import type { EventStore, EventToAppend } from '../../src/ports/event-store.ts';
import type { RawLog, StoredRecord } from '../../src/ports/audit-record.ts';
import { startStandIn } from '../support/esdb-stand-in/stand-in.ts';
import { verifyExport } from '../../src/audit/verify/verify-export.ts';
import { newWorld, pieces } from './sealed-world.ts';

const asStored = (_type: string, _version: number, data: unknown) => data;

function event(data: unknown): EventToAppend {
  const metadata = {
    eventId: randomUUID(),
    commandId: randomUUID(),
    actor: 'user:ada',
    tenant: 'default',
    correlationId: 'c',
    schemaVersion: '1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    reason: 'Aufräumen – 片付け',
  };
  return { type: 'McpRegistered', data, metadata };
}

const events = [
  event({ b: 1, 10: 'ten', 2: 'two', nested: { '': null, é: [1.5, -0, 1e21] } }),
  event('just text'),
  event({ text: 'line\u2028separator \ud83d\ude00' }),
];

async function recordsOf(store: EventStore, log: RawLog): Promise<readonly StoredRecord[]> {
  await store.append('mcp-1', -1, events.slice(0, 2));
  await store.append('mcp-2', -1, events.slice(2));
  return (await log.read({ limit: 10 })).records;
}

/** All that is sealed of an event but where and when the store took it in. */
function content(record: StoredRecord): Buffer {
  return leafOf({ ...record, position: 1, recordedAt: 0 });
}

test('the bytes of an event are the same in both event stores, and its places rise in both', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'annals-raw-'));
  const standIn = await startStandIn({ version: '26.0.0' });
  const embedded = openSqliteEventStore({ path: join(dir, 'events.sqlite'), decode: asStored });
  const remote = openEventStoreDb({ url: standIn.url, decode: asStored });
  const [own, theirs] = [openSqliteRawLog(join(dir, 'events.sqlite')), openEsdbRawLog(standIn.url)];
  onTestFinished(async () => {
    for (const one of [embedded, remote, own, theirs]) await one.close();
    await standIn.stop();
    rmSync(dir, { recursive: true });
  });

  const [here, there] = [await recordsOf(embedded, own), await recordsOf(remote, theirs)];
  expect(there.map(content)).toEqual(here.map(content));
  expect(here.map(({ position }) => position)).toEqual([1, 2, 3]);
  expect(there.map(({ position }) => position)).toEqual(
    [...there.map(({ position }) => position)].sort((a, b) => a - b),
  );
  expect(await theirs.head()).toBe(there.at(-1)?.position);
  for (const { recordedAt } of there) expect(Math.abs(recordedAt - Date.now())).toBeLessThan(60_000);

  const world = newWorld({ ...theirs, records: [], add: () => undefined });
  onTestFinished(() => world.dispose());
  await world.sealer({ eventsPerCheckpoint: 2 }).advance({ now: true });
  await world.sealer().advance({ now: true });
  expect(await verifyExport(pieces(await world.whole()))).toMatchObject({ ok: true, events: 3, checkpoints: 2 });
});
