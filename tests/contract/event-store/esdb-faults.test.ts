import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM as NO_STREAM_YET } from '@eventstore/db-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EngineUnfit } from '../../../src/ports/engine-probe.ts';
import { NO_STREAM, WrongExpectedRevision } from '../../../src/ports/event-store.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { openEventStoreDb, type EventStoreDbOptions } from '../../../src/infrastructure/event-store/esdb.ts';
import { startStandIn, type StandIn, type StandInOptions } from '../../support/esdb-stand-in/stand-in.ts';
import { eventsToAppend, followUntil, idsOf, newStream, readOn } from './helpers.ts';
import { decode } from './suite.ts';

async function standInOf(options: StandInOptions = {}): Promise<StandIn> {
  const standIn = await startStandIn(options);
  onTestFinished(() => standIn.stop());
  return standIn;
}

function storeAt(url: string, timing: EventStoreDbOptions['timing'] = {}) {
  const store = openEventStoreDb({ url, decode, timing: { callMs: 1_500, retryMs: 10, ...timing } });
  onTestFinished(() => store.close());
  return store;
}

describe('EventStoreDB adapter on a stand-in (not the server): failures', () => {
  it('records once, and answers so, an append whose answer was lost with the connection', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    const stream = newStream();
    standIn.switches.loseAnswers = 1;
    const events = eventsToAppend(2);
    const result = await store.append(stream, NO_STREAM, events);

    expect(standIn.switches.loseAnswers).toBe(0);
    expect(result.repeated).toBe(false);
    expect(idsOf(result.events)).toEqual(idsOf(events));
    expect(standIn.log.stream(stream)).toHaveLength(2);
  });

  it('finds out by reading when every answer times out after the write', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url, { callMs: 300 });
    const stream = newStream();
    standIn.switches.timeOutAfterWriting = Number.POSITIVE_INFINITY;
    const { revision, repeated } = await store.append(stream, NO_STREAM, eventsToAppend(1));

    expect({ revision, repeated }).toEqual({ revision: 0, repeated: false });
    expect(standIn.log.stream(stream)).toHaveLength(1);
  });

  it('tries again what was unavailable for a moment, and gives up with nothing recorded when that lasts', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url, { callMs: 400 });
    const stream = newStream();
    standIn.switches.failAppends = 2;
    await store.append(stream, NO_STREAM, eventsToAppend(1));
    standIn.switches.failAppends = Number.POSITIVE_INFINITY;

    await expect(store.append(stream, 0, eventsToAppend(1))).rejects.toThrow(StoreUnavailable);
    expect(standIn.log.stream(stream)).toHaveLength(1);
  });

  it('can tell, when the server is back, whether an append was recorded that nobody knew the outcome of', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url, { callMs: 300 });
    const stream = newStream();
    const events = eventsToAppend(1);
    standIn.switches.silentAfterWriting = true;
    const written = await store.append(stream, NO_STREAM, events).catch((error: unknown) => error);
    const unwritten = await store.append(newStream(), NO_STREAM, eventsToAppend(1)).catch((error: unknown) => error);
    if (!(written instanceof OutcomeUnknown && unwritten instanceof OutcomeUnknown))
      throw new Error('both are in doubt');
    await expect(written.wasRecorded()).rejects.toThrow(StoreUnavailable);

    standIn.switches.silentAfterWriting = false;
    standIn.switches.silent = false;
    expect(await written.wasRecorded()).toBe(true);
    expect(await unwritten.wasRecorded()).toBe(false);
    // The same events, sent by somebody else who came first, are not this append.
    expect((await storeAt(standIn.url).append(stream, NO_STREAM, events)).repeated).toBe(true);
  });

  it('tells a server that answers nothing at all as unavailable, and works again when it answers', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url, { callMs: 300 });
    const stream = newStream();
    standIn.switches.silent = true;

    await expect(store.append(stream, NO_STREAM, eventsToAppend(1))).rejects.toThrow(StoreUnavailable);
    await expect(store.head()).rejects.toThrow(StoreUnavailable);
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
    standIn.switches.silent = false;
    await store.append(stream, NO_STREAM, eventsToAppend(1));
    expect(standIn.log.stream(stream)).toHaveLength(1);
  });

  it('waits for slow answers', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    standIn.switches.delayMs = 100;
    const stream = newStream();
    await store.append(stream, NO_STREAM, eventsToAppend(1));

    expect(await store.readStream(stream)).toHaveLength(1);
  });

  it('goes to the leader that the node names', async () => {
    const leader = await standInOf();
    const follower = await standInOf({ log: leader.log });
    follower.switches.leader = { host: '127.0.0.1', port: leader.port };
    const store = storeAt(follower.url);
    const stream = newStream();
    await store.append(stream, NO_STREAM, eventsToAppend(1));

    expect(await store.readStream(stream)).toHaveLength(1);
  });

  it('finds the leader of a cluster by gossip', async () => {
    const leader = await standInOf();
    const members = [{ host: '127.0.0.1', port: leader.port, leader: true }];
    const seed = await standInOf({ members });
    const url = `kurrentdb://127.0.0.1:${seed.port},127.0.0.1:${leader.port}?tls=false&nodePreference=leader`;
    const store = storeAt(url);
    const stream = newStream();
    await store.append(stream, NO_STREAM, eventsToAppend(1));

    expect(leader.log.stream(stream)).toHaveLength(1);
  });

  it('understands a wrong revision that is told as an exception', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    standIn.switches.wrongVersionAsException = true;
    const stream = newStream();
    const none = store.append(stream, 4, eventsToAppend(1));
    await expect(none).rejects.toMatchObject({ name: 'WrongExpectedRevision', actual: NO_STREAM });
    await store.append(stream, NO_STREAM, eventsToAppend(3));

    const refused = store.append(stream, NO_STREAM, eventsToAppend(1));
    await expect(refused).rejects.toThrow(WrongExpectedRevision);
    await expect(refused).rejects.toMatchObject({ stream, expected: NO_STREAM, actual: 2 });
  });

  it('says that an operator has to change something when access is denied or the server is too old', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    standIn.switches.denyAccess = true;
    await expect(store.append(newStream(), NO_STREAM, eventsToAppend(1))).rejects.toThrow(EngineUnfit);
    await expect(store.head()).rejects.toThrow(EngineUnfit);

    const old = await standInOf({ version: '21.10.11' });
    const onOld = storeAt(old.url);
    await expect(onOld.ping()).rejects.toThrow('22.6');
    await expect(onOld.append(newStream(), NO_STREAM, eventsToAppend(1))).rejects.toThrow(EngineUnfit);
  });

  it('tells the server and its version', async () => {
    const standIn = await standInOf({ version: '23.10.1' });
    expect(await storeAt(standIn.url).ping()).toMatchObject({ engine: 'EventStoreDB', version: '23.10.1' });
    const newer = await standInOf({ version: '26.0.0' });
    expect(await storeAt(newer.url).ping()).toMatchObject({ engine: 'KurrentDB', version: '26.0.0' });
  });

  it('refuses an append larger than the server takes, as one that cannot be stored', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    standIn.switches.maxAppendSize = 100;
    await expect(store.append(newStream(), NO_STREAM, eventsToAppend(1))).rejects.toThrow(TypeError);
  });

  it('shows neither the events of the server itself nor those of other applications', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    const other = EventStoreDBClient.connectionString(standIn.url);
    onTestFinished(() => other.dispose());
    // Not by the adapter: this is also the way by which the client appends in batches.
    await other.appendToStream('foreign-1', jsonEvent({ type: 'Foreign', data: {} }), {
      expectedRevision: NO_STREAM_YET,
    });
    const stream = newStream();
    await store.append(stream, NO_STREAM, eventsToAppend(1));
    await other.appendToStream('foreign-1', jsonEvent({ type: 'Foreign', data: {} }), { expectedRevision: 0n });

    expect((await readOn(store, 0)).events.map((event) => event.stream)).toEqual([stream]);
    expect(await store.readStream('foreign-1')).toEqual([]);
    expect(await store.head()).toBe((await store.readStream(stream))[0]?.position);
  });

  it('says that a position was made up', async () => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    await store.append(newStream(), NO_STREAM, eventsToAppend(2));
    await expect(store.readAll({ after: 7, limit: 1 })).rejects.toThrow(RangeError);
  });
});

describe('EventStoreDB adapter on a stand-in (not the server): following through failures', () => {
  it.each([
    ['connections are dropped', async (standIn: StandIn) => standIn.dropConnections()],
    ['the server is restarted', (standIn: StandIn) => standIn.halt().then(() => standIn.resume())],
  ])('gives each event once and in order while %s', async (_case, disturb) => {
    const standIn = await standInOf();
    const store = storeAt(standIn.url);
    const stream = newStream();
    const appended: string[] = [];
    const following = followUntil(store, { after: 0, batchSize: 3 }, (events) => events.length === 40);
    for (let revision = NO_STREAM; revision < 39; revision++) {
      const events = eventsToAppend(1);
      appended.push(...idsOf(events));
      await store.append(stream, revision, events);
      if (revision % 10 === 5) await disturb(standIn);
    }

    expect(idsOf((await following).events)).toEqual(appended);
  });

  it('begins when the server comes, and goes on when it comes back with the log of its file', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'annals-stand-in-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'log.jsonl');
    const first = await startStandIn({ file });
    const store = storeAt(first.url, { callMs: 200 });
    const stream = newStream();
    await first.halt();
    await expect(store.append(stream, NO_STREAM, eventsToAppend(1))).rejects.toThrow(StoreUnavailable);
    const seen = vi.fn();
    const following = followUntil(store, { after: 0 }, (events) => {
      seen(events.length);
      return events.length === 2;
    });
    await first.resume();
    await store.append(stream, NO_STREAM, eventsToAppend(1));
    await vi.waitFor(() => expect(seen).toHaveBeenCalledWith(1));
    await first.stop();

    const second = await standInOf({ file, port: first.port });
    await store.append(stream, 0, eventsToAppend(1));
    expect((await following).events.map(({ revision }) => revision)).toEqual([0, 1]);
    expect(second.log.stream(stream)).toHaveLength(2);
  });

  it('sees what another process of the platform writes', async () => {
    const standIn = await standInOf();
    const [one, other] = [storeAt(standIn.url), storeAt(standIn.url)];
    const stream = newStream();
    const events = eventsToAppend(1);
    const following = followUntil(one, { after: 0 }, (seen) => seen.length === 1);
    await other.append(stream, NO_STREAM, events);

    expect(idsOf((await following).events)).toEqual(idsOf(events));
    expect((await one.append(stream, NO_STREAM, events)).repeated).toBe(true);
  });
});

describe('the URL of EventStoreDB', () => {
  const secret = 'p4ssw0rd';
  it.each([
    ['another scheme', `http://admin:${secret}@localhost:2113`],
    ['no host', 'esdb://'],
    ['an unknown option', `esdb://admin:${secret}@localhost:2113?tls=false&colour=red`],
    ['an option without a value', `esdb://admin:${secret}@localhost:2113?tls`],
    ['a port that is no number', `esdb://admin:${secret}@localhost:port?tls=false`],
    ['certificates unchecked', `esdb://admin:${secret}@localhost:2113?tlsVerifyCert=false`],
    ['an authority that is not there', `esdb://admin:${secret}@localhost:2113?tlsCAFile=/nowhere/ca.pem`],
  ])('is refused with %s, without telling the password', (_case, url) => {
    const warned = vi.spyOn(console, 'warn');
    let refusal: unknown;
    try {
      openEventStoreDb({ url, decode });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(EngineUnfit);
    expect(String(refusal)).not.toContain(secret);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it('may name a server that is not there: calls say so', async () => {
    const store = storeAt('esdb://127.0.0.1:1?tls=false', { callMs: 200 });
    await expect(store.head()).rejects.toThrow(StoreUnavailable);
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
  });
});
