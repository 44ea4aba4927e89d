import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventReader } from '../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import type { PersonalDataSealing } from '../../src/infrastructure/personal-data/personal-data.ts';
import { openedLog, sealedEventStore } from '../../src/infrastructure/personal-data/sealed-log.ts';
import { NO_STREAM, type EventStore, type EventToAppend, type RecordedEvent } from '../../src/ports/event-store.ts';
import { openPersonalDataIn } from '../support/personal-data.ts';

const ada = '0193aaaa-0000-7000-8000-000000000001';
const bob = '0193aaaa-0000-7000-8000-000000000002';
const profile = {
  username: 'ada-lovelace',
  email: 'ada@example.org',
  passwordHash: '$argon2id$of-ada',
  roles: ['developer'],
};

let path: string;
let raw: EventStore;
let personal: PersonalDataSealing;
let store: EventStore;

beforeEach(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'annals-personal-'));
  path = join(dir, 'events.sqlite');
  raw = openSqliteEventStore({ path, decode: decodeEventData });
  const people = openPersonalDataIn(dir);
  ({ personal } = people);
  store = sealedEventStore(raw, personal);
  onTestFinished(async () => {
    await store.close();
    await people.keys.close();
    await rm(dir, { recursive: true });
  });
});

function event(type: string, data: unknown, actor = 'anonymous', remoteAddress?: string): EventToAppend {
  const id = uuidv7();
  const occurredAt = '2026-03-01T10:00:00.000Z';
  const metadata = {
    eventId: id,
    commandId: id,
    actor,
    tenant: 'default',
    correlationId: id,
    schemaVersion: '1',
    occurredAt,
  };
  return { type, data, metadata: { ...metadata, ...(remoteAddress !== undefined && { remoteAddress }) } };
}

const register = (): Promise<unknown> =>
  store.append(`user-${ada}`, NO_STREAM, [event('UserRegistered', profile, 'anonymous', '192.0.2.7')]);

async function storedText(): Promise<string> {
  const { events } = await raw.readAll({ after: 0, limit: 100 });
  return JSON.stringify(events);
}

async function all(from: Pick<EventStore, 'readAll'>): Promise<readonly RecordedEvent[]> {
  return (await from.readAll({ after: 0, limit: 100 })).events;
}

describe('what the log stores of a person', () => {
  test('is sealed: neither names nor addresses are in its file', async () => {
    await register();
    await store.append(`session-${uuidv7()}`, NO_STREAM, [
      event('SessionStarted', { userId: ada, tokenHash: 'h', expiresAt: 'x' }, `user:${ada}`, '192.0.2.8'),
    ]);
    await store.append(`user-${ada}`, 0, [
      event('UserLoggedIn', { sessionId: 's', identity: { issuer: 'https://id.example', subject: 'subject-of-ada' } }),
      event('UserIdentityLinked', { issuer: 'https://id.example', subject: 'subject-of-ada' }),
    ]);
    const file = (await readFile(path)).toString('latin1') + (await readFile(`${path}-wal`)).toString('latin1');
    for (const text of ['ada-lovelace', 'ada@example.org', 'of-ada', '192.0.2.7', '192.0.2.8', 'subject-of-ada']) {
      expect(file, text).not.toContain(text);
    }
    expect(file).toContain('developer');
  });

  test('reads as it was given: from a stream, from the log, live, and by a reader beside', async () => {
    await register();
    const [ofStream] = await store.readStream(`user-${ada}`);
    expect(ofStream?.data).toEqual(profile);
    expect((await all(store))[0]?.data).toEqual(profile);
    const reader = openSqliteEventReader({ path, decode: decodeEventData });
    expect((await all(openedLog(reader, personal)))[0]?.data).toEqual(profile);
    await reader.close();
    for await (const slice of store.subscribe({ after: 0, signal: AbortSignal.timeout(5_000) })) {
      expect(slice.events[0]?.data).toEqual(profile);
      break;
    }
  });

  test('is answered to the writer as it was given, also when it comes again', async () => {
    const events = [event('UserRegistered', profile)];
    const first = await store.append(`user-${ada}`, NO_STREAM, events);
    expect(first.events[0]?.data).toEqual(profile);
    const again = await store.append(`user-${ada}`, NO_STREAM, events);
    expect(again).toMatchObject({ repeated: true, position: first.position });
    expect(again.events[0]?.data).toEqual(profile);
  });

  test('keeps addresses sealed until they are shown', async () => {
    await register();
    const read = await store.readStream(`user-${ada}`);
    expect(read[0]?.metadata.remoteAddress).toMatch(/^sealed:/);
    const [shown] = await personal.reveal(read);
    expect(shown?.metadata.remoteAddress).toBe('192.0.2.7');
    const text = read[0]?.metadata.remoteAddress ?? '';
    expect(
      await personal.revealTraces([
        { person: ada, text },
        { person: ada, text: null },
      ]),
    ).toEqual(['192.0.2.7', null]);
  });

  test('leaves the address of who is nobody known as it is', async () => {
    await store.append(`denial-${uuidv7()}`, NO_STREAM, [
      event('AccessDenied', { action: 'mcp:read', resource: '/x', reason: 'no' }, 'anonymous', '198.51.100.4'),
    ]);
    expect(await storedText()).toContain('198.51.100.4');
  });

  test('gives each their own key: the address is of who acted, the data of whom it is about', async () => {
    await register();
    await store.append(`user-${ada}`, 0, [
      event('PasswordChanged', { passwordHash: '$argon2id$new' }, `user:${bob}`, '203.0.113.9'),
    ]);
    await personal.erase(bob);
    const [, changed] = await personal.reveal(await store.readStream(`user-${ada}`));
    expect(changed?.data).toEqual({ passwordHash: '$argon2id$new' });
    expect(changed?.metadata.remoteAddress).toBe('[erased]');
  });
});

describe('a person who is erased', () => {
  test('is in nothing that is read any more, while the stored bytes stay', async () => {
    await register();
    const before = await storedText();
    await personal.erase(ada);
    expect(await storedText()).toBe(before);
    const [read] = await personal.reveal(await store.readStream(`user-${ada}`));
    expect(read?.data).toEqual({ ...profile, username: '[erased]', email: '[erased]', passwordHash: '[erased]' });
    expect(read?.metadata.remoteAddress).toBe('[erased]');
  });

  test('leaves nothing new in the log, whoever still acts in that name', async () => {
    await register();
    await personal.erase(ada);
    await store.append(`user-${ada}`, 0, [
      event('UserIdentityLinked', { issuer: 'i', subject: 's-1' }, `user:${ada}`, '192.0.2.9'),
    ]);
    const text = await storedText();
    expect(text).not.toContain('192.0.2.9');
    expect(text).not.toContain('s-1');
  });

  test('is masked also where the log is from before it was sealed', async () => {
    await raw.append(`user-${ada}`, NO_STREAM, [event('UserRegistered', profile, `user:${ada}`, '192.0.2.7')]);
    const show = async () => (await personal.reveal(await store.readStream(`user-${ada}`)))[0];
    expect(await show()).toMatchObject({ data: profile, metadata: { remoteAddress: '192.0.2.7' } });
    await personal.erase(ada);
    expect(await show()).toMatchObject({ data: { username: '[erased]' }, metadata: { remoteAddress: '[erased]' } });
  });

  test('takes nobody else along', async () => {
    await register();
    await store.append(`user-${bob}`, NO_STREAM, [event('UserRegistered', { ...profile, username: 'bob' })]);
    await personal.erase(ada);
    expect((await store.readStream(`user-${bob}`))[0]?.data).toMatchObject({ username: 'bob' });
  });
});

describe('a sealed value', () => {
  test('opens nowhere but in its own field of its own person', async () => {
    await register();
    const [registered] = await raw.readStream(`user-${ada}`);
    const { username } = registered?.data as { readonly username: string };
    // Planted where somebody who can write the log might want it to show.
    await raw.append(`user-${ada}`, 0, [event('UserIdentityLinked', { issuer: 'i', subject: username })]);
    await raw.append(`user-${bob}`, NO_STREAM, [
      event('UserRegistered', { ...profile, username: username.replace(ada, bob) }),
    ]);
    await personal.seal(`user-${bob}`, [event('PasswordChanged', { passwordHash: 'x' })]);
    expect((await store.readStream(`user-${ada}`))[1]?.data).toEqual({ issuer: 'i', subject: '[unreadable]' });
    expect((await store.readStream(`user-${bob}`))[0]?.data).toMatchObject({ username: '[unreadable]' });
  });

  test('that was changed holds up nobody', async () => {
    await register();
    const [registered] = await raw.readStream(`user-${ada}`);
    const { username } = registered?.data as { readonly username: string };
    const changed = `${username.slice(0, -2)}${username.endsWith('AA') ? 'BB' : 'AA'}`;
    await raw.append(`user-${bob}`, NO_STREAM, [event('UserRegistered', { ...profile, username: changed })]);
    expect((await all(store)).map(({ data }) => (data as { username: string }).username)).toEqual([
      'ada-lovelace',
      '[unreadable]',
    ]);
  });

  test('is told apart from text that looks like one', async () => {
    const subject = `sealed:${bob}:v1.AAAA`;
    await store.append(`user-${ada}`, NO_STREAM, [event('UserIdentityLinked', { issuer: 'i', subject })]);
    expect((await store.readStream(`user-${ada}`))[0]?.data).toEqual({ issuer: 'i', subject });
  });
});
