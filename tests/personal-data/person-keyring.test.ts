import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { createPersonKeyring } from '../../src/infrastructure/personal-data/person-keyring.ts';
import { openSqlitePersonKeys } from '../../src/infrastructure/personal-data/sqlite-person-keys.ts';
import type { PersonKeys } from '../../src/ports/person-keys.ts';
import { VaultDamaged } from '../../src/ports/vault.ts';
import { until } from '../http/support/until.ts';

let path: string;
let store: PersonKeys;
const wrappingKey = randomBytes(32);

beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'annals-keyring-'));
  path = join(dir, 'people.sqlite');
  store = openSqlitePersonKeys({ path });
  onTestFinished(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
});

test('each person has one key, the same for every process', async () => {
  const [ada, bob] = [randomUUID(), randomUUID()];
  const here = createPersonKeyring(store, wrappingKey);
  const there = createPersonKeyring(store, wrappingKey);
  const [made, alsoMade] = await Promise.all([here.keysFor([ada, bob]), there.keysFor([bob, ada])]);
  expect(made.get(ada)).toHaveLength(32);
  expect(made.get(ada)).toEqual(alsoMade.get(ada));
  expect(made.get(bob)).toEqual(alsoMade.get(bob));
  expect(made.get(ada)).not.toEqual(made.get(bob));
});

test('a key that another process erases is forgotten when its time is over, and made anew by nobody', async () => {
  const ada = randomUUID();
  const here = createPersonKeyring(store, wrappingKey, 20);
  await here.keysFor([ada]);
  await createPersonKeyring(store, wrappingKey).erase(ada);
  await until(async () => (await here.keysFor([ada])).get(ada) === 'erased', 'the key is forgotten');
});

test('a key that is erased here is gone here at once', async () => {
  const ada = randomUUID();
  const here = createPersonKeyring(store, wrappingKey);
  await here.keysFor([ada]);
  await here.erase(ada);
  expect((await here.keysOf([ada])).get(ada)).toBe('erased');
});

test('keys are stored wrapped, and open with no other wrapping key', async () => {
  const ada = randomUUID();
  const key = (await createPersonKeyring(store, wrappingKey).keysFor([ada])).get(ada);
  const stored = readFileSync(path);
  expect(key).toBeInstanceOf(Buffer);
  for (const form of [
    key,
    Buffer.from(String(key?.toString('base64url'))),
    Buffer.from(String(key?.toString('hex'))),
  ]) {
    expect(stored.includes(form as Buffer)).toBe(false);
  }
  await expect(createPersonKeyring(store, randomBytes(32)).keysOf([ada])).rejects.toThrow(VaultDamaged);
});
