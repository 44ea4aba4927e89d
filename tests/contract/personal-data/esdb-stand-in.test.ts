import { expect, onTestFinished, test } from 'vitest';
import { openEventStoreDb } from '../../../src/infrastructure/event-store/esdb.ts';
import { openEsdbPersonKeys } from '../../../src/infrastructure/personal-data/esdb-person-keys.ts';
import type { PersonKeys } from '../../../src/ports/person-keys.ts';
import { startStandIn, type StandIn } from '../../support/esdb-stand-in/stand-in.ts';
import { personKeysContract } from './suite.ts';

const timing = { callMs: 1_000, retryMs: 10 };

personKeysContract('keys of people in EventStoreDB, on a stand-in (not the server)', async () => {
  const standIn = await startStandIn();
  const opened: PersonKeys[] = [];
  const open = (): PersonKeys => {
    const keys = openEsdbPersonKeys({ url: standIn.url, timing });
    opened.push(keys);
    return keys;
  };
  return {
    keys: open(),
    reopen: open,
    fail: () => standIn.halt(),
    dispose: async () => {
      for (const keys of opened) await keys.close();
      await standIn.stop();
    },
  };
});

async function open(): Promise<{ readonly standIn: StandIn; readonly keys: PersonKeys }> {
  const standIn = await startStandIn();
  const keys = openEsdbPersonKeys({ url: standIn.url, timing });
  onTestFinished(async () => {
    await keys.close();
    await standIn.stop();
  });
  return { standIn, keys };
}

test('an answer that was lost on its way changes nothing (on a stand-in)', async () => {
  const { standIn, keys } = await open();
  standIn.switches.loseAnswers = 1;
  expect(await keys.create('ada', 'of ada')).toEqual({ status: 'kept', wrapped: 'of ada' });
  standIn.switches.timeOutAfterWriting = 1;
  await keys.erase('ada');
  expect(await keys.get(['ada'])).toEqual(new Map([['ada', { status: 'erased' }]]));
});

test('keys are no part of the log that they stand in (on a stand-in)', async () => {
  const { standIn, keys } = await open();
  const store = openEventStoreDb({ url: standIn.url, decode: (_type, _version, data) => data });
  onTestFinished(() => store.close());
  await keys.create('ada', 'of ada');
  await keys.create('bob', 'of bob');
  await keys.erase('bob');
  expect(await store.head()).toBe(0);
  expect((await store.readAll({ after: 0, limit: 10 })).events).toEqual([]);
});
