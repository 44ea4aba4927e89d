import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { CopyRefused } from '../../src/app/copy-log/copy-log.ts';
import { copyPeople } from '../../src/app/copy-log/copy-people.ts';
import { openEsdbPersonKeys } from '../../src/infrastructure/personal-data/esdb-person-keys.ts';
import { openSqlitePersonKeys } from '../../src/infrastructure/personal-data/sqlite-person-keys.ts';
import type { PersonKeys } from '../../src/ports/person-keys.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { startStandIn } from '../support/esdb-stand-in/stand-in.ts';

let dir: string;
let path: string;
let url: string;
let target: PersonKeys;

/** More than are written at one time. */
const people = Array.from({ length: 120 }, (_, index) => `person-${index}`);
const erased = new Set(['person-3', 'person-77']);
const copied = new Map(
  people.map((one) => [one, erased.has(one) ? { status: 'erased' } : { status: 'kept', wrapped: `key of ${one}` }]),
);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'annals-copy-people-'));
  const standIn = await startStandIn();
  ({ url } = standIn);
  target = openEsdbPersonKeys({ url });
  onTestFinished(async () => {
    await target.close();
    await standIn.stop();
    rmSync(dir, { recursive: true });
  });
  path = join(dir, 'people.sqlite');
  const source = openSqlitePersonKeys({ path });
  for (const one of people) await source.create(one, `key of ${one}`);
  for (const one of erased) await source.erase(one);
  await source.close();
});

describe('the copy of the keys of people (to a stand-in for EventStoreDB)', () => {
  test('has every key, and who was erased', async () => {
    await copyPeople(path, url);
    expect(await target.get(people)).toEqual(copied);
  });

  test('may be made again, and takes along who was erased meanwhile', async () => {
    await copyPeople(path, url);
    const source = openSqlitePersonKeys({ path });
    await source.erase('person-5');
    await source.create('late', 'key of late');
    await source.close();
    await copyPeople(path, url);
    expect(await target.get([...people, 'late'])).toEqual(
      new Map<string, unknown>([
        ...copied,
        ['person-5', { status: 'erased' }],
        ['late', { status: 'kept', wrapped: 'key of late' }],
      ]),
    );
  });

  test('brings nobody back who was erased in the target', async () => {
    await target.erase('person-5');
    await expect(copyPeople(path, url)).rejects.toThrow(CopyRefused);
    expect(await target.get(['person-5'])).toEqual(new Map([['person-5', { status: 'erased' }]]));
  });

  test('writes over no other key of the target', async () => {
    await target.create('person-5', 'another');
    await expect(copyPeople(path, url)).rejects.toThrow('has another key for the personal data of user person-5');
    expect(await target.get(['person-5'])).toEqual(new Map([['person-5', { status: 'kept', wrapped: 'another' }]]));
  });

  test('is made of what a server left that died while it wrote', async () => {
    const left = join(dir, 'left.sqlite');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE');
    // More than the cache takes, so that pages of it are in the file and what they were is in the journal.
    db.exec('UPDATE people SET wrapped = wrapped || hex(zeroblob(2000))');
    for (const part of ['', '-journal']) copyFileSync(`${path}${part}`, `${left}${part}`);
    db.exec('ROLLBACK');
    db.close();
    expect(() => openSqlitePersonKeys({ path: left, readOnly: true })).toThrow(StoreUnavailable);
    await copyPeople(left, url);
    expect(await target.get(people)).toEqual(copied);
  });

  test('is nothing where there never were keys', async () => {
    const none = join(dir, 'none.sqlite');
    await copyPeople(none, url);
    expect(existsSync(none)).toBe(false);
    expect(await target.get(people)).toEqual(new Map());
  });
});
