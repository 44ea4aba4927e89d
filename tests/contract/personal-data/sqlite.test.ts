import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqlitePersonKeys } from '../../../src/infrastructure/personal-data/sqlite-person-keys.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { personKeysContract } from './suite.ts';

function directory(): string {
  return mkdtempSync(join(tmpdir(), 'annals-people-'));
}

personKeysContract('keys of people in SQLite', async () => {
  const dir = directory();
  const path = join(dir, 'people.sqlite');
  const keys = openSqlitePersonKeys({ path });
  return {
    keys,
    reopen: () => openSqlitePersonKeys({ path }),
    fail: async () => {
      truncateSync(path, 100);
      writeFileSync(path, Buffer.alloc(8192, 1));
    },
    dispose: async () => {
      await keys.close().catch(() => undefined);
      rmSync(dir, { recursive: true });
    },
  };
});

test('nothing of an erased key is left in its files, which only their owner can read', async () => {
  const dir = directory();
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const keys = openSqlitePersonKeys({ path: join(dir, 'people.sqlite') });
  onTestFinished(() => keys.close());
  const found = (text: string): boolean =>
    readdirSync(dir).some((name) => readFileSync(join(dir, name)).includes(text));
  for (let count = 0; count < 200; count++) await keys.create(`person-${count}`, `wrapped-key-${count}.`);
  expect(found('wrapped-key-77.')).toBe(true);
  await keys.erase('person-77');
  expect(found('wrapped-key-77.')).toBe(false);
  expect(found('wrapped-key-78.')).toBe(true);
  for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).mode & 0o077, name).toBe(0);
});

test('a copy that others could read is theirs no more', async () => {
  const dir = directory();
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'people.sqlite');
  await openSqlitePersonKeys({ path }).close();
  chmodSync(path, 0o644);
  await openSqlitePersonKeys({ path }).close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('lists everything that it has, for moving it', async () => {
  const dir = directory();
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const keys = openSqlitePersonKeys({ path: join(dir, 'people.sqlite') });
  onTestFinished(() => keys.close());
  const people = Array.from({ length: 1_001 }, (_, index) => `person-${String(index).padStart(4, '0')}`);
  for (const person of people.slice(0, 1_000)) await keys.create(person, `key of ${person}`);
  await keys.erase('person-1000');
  const listed = new Map<string, unknown>();
  for await (const [person, kept] of keys.all()) listed.set(person, kept);
  expect([...listed.keys()]).toEqual(people);
  expect(listed.get('person-0500')).toEqual({ status: 'kept', wrapped: 'key of person-0500' });
  expect(listed.get('person-1000')).toEqual({ status: 'erased' });
});

test('a directory that is not there is told', () => {
  const path = join(directory(), 'none', 'people.sqlite');
  expect(() => openSqlitePersonKeys({ path, readOnly: true })).toThrow(StoreUnavailable);
});
