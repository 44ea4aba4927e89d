import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CopyRefused, copyLog } from '../../../src/app/copy-log/copy-log.ts';
import { isOfLog } from '../../../src/infrastructure/event-bus/kafka/relay/checkpoint.ts';
import { openEventStoreDb } from '../../../src/infrastructure/event-store/esdb.ts';
import { NO_STREAM, type EventStore } from '../../../src/ports/event-store.ts';
import { firstEventAfter } from '../../../src/ports/first-event.ts';
import { eventsBeyond } from '../../../src/projections/engine/events-beyond.ts';
import { startStandIn, type StandIn } from '../../support/esdb-stand-in/stand-in.ts';
import { eventsToAppend, newStream } from './helpers.ts';
import { temporaryLog } from './sqlite-log.ts';

/** More than one read of the adapter looks through for one event. */
const MANY = 200;

let servers: StandIn[];
let stores: EventStore[];

beforeEach(() => {
  servers = [];
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  for (const server of servers) await server.stop();
});

async function open(): Promise<{ readonly server: StandIn; readonly store: EventStore }> {
  const server = await startStandIn();
  const store = openEventStoreDb({ url: server.url, decode: (_type, _version, data) => data });
  servers.push(server);
  stores.push(store);
  return { server, store };
}

/** Events of another application on the same server. */
function writeOthers({ log }: StandIn, count: number): void {
  const other = () => ({
    id: randomUUID(),
    type: 'OrderPlaced',
    contentType: 'application/json',
    data: Buffer.from('{}'),
    metadata: Buffer.alloc(0),
  });
  log.append('orders-1', 'any', Array.from({ length: count }, other));
}

describe('a log on a server that another application writes to as well', () => {
  test('begins with its first event, however much of others stands before it', async () => {
    const { server, store } = await open();
    writeOthers(server, MANY);
    expect(await firstEventAfter(store, 0)).toBeUndefined();
    const { events } = await store.append(newStream(), NO_STREAM, eventsToAppend(2));
    expect(await firstEventAfter(store, 0)).toEqual(events[0]);
  });

  test('is known by the event of a checkpoint, however much of others stands before that', async () => {
    const { server, store } = await open();
    const { position: previous } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    writeOthers(server, MANY);
    const { position, events } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    const eventId = events[0]?.metadata.eventId ?? '';
    expect(await isOfLog({ position, last: { previous, eventId } }, store)).toBe(true);
    expect(await isOfLog({ position, last: { previous, eventId: randomUUID() } }, store)).toBe(false);
  });

  test('is another than one whose checkpoint names a place that it does not have', async () => {
    const { store } = await open();
    const { position } = await store.append(newStream(), NO_STREAM, eventsToAppend(3));
    const last = { previous: position - 3, eventId: randomUUID() };
    expect(await isOfLog({ position, last }, store)).toBe(false);
  });

  test('tells how many events stand beyond a position, others not counted', async () => {
    const { server, store } = await open();
    const { position } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    writeOthers(server, 1_500);
    await store.append(newStream(), NO_STREAM, eventsToAppend(1_300));
    expect(await eventsBeyond(store, position, await store.head())).toBe(1_300);
  });

  test('is no place for a copy when it holds events, however much of others stands before them', async () => {
    const { server, store } = await open();
    writeOthers(server, MANY);
    await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    const source = temporaryLog();
    try {
      const from = source.open();
      await from.append(newStream(), NO_STREAM, eventsToAppend(1));
      const head = store.head();
      await expect(copyLog(from, store)).rejects.toThrow(CopyRefused);
      expect(await store.head()).toBe(await head);
    } finally {
      await source.dispose();
    }
  });
});
