import { existsSync } from 'node:fs';
import { openEsdbPersonKeys } from '../../infrastructure/personal-data/esdb-person-keys.ts';
import { openSqlitePersonKeys } from '../../infrastructure/personal-data/sqlite-person-keys.ts';
import type { KeptKey, PersonKeys } from '../../ports/person-keys.ts';
import { CopyRefused } from './copy-log.ts';

/** Keys written at one time. */
const together = 50;

/**
 * Copies the keys of people, and who was erased, to the event store to which the log goes. Doing it again is no harm: what
 * was copied is there.
 * @param path of the embedded keys, which nobody else has open; a log from before there were any has none
 * @throws CopyRefused somebody has another key there; StoreUnavailable
 */
export async function copyPeople(path: string, url: string): Promise<void> {
  if (!existsSync(path)) return;
  // Not read only: what a server that died left half written has to be undone before it can be read.
  const source = openSqlitePersonKeys({ path });
  const target = openEsdbPersonKeys({ url });
  try {
    let some: (readonly [string, KeptKey])[] = [];
    const write = async (): Promise<void> => {
      await Promise.all(some.map(([person, kept]) => copyOne(target, person, kept)));
      some = [];
    };
    for await (const entry of source.all()) {
      some.push(entry);
      if (some.length === together) await write();
    }
    await write();
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

async function copyOne(target: PersonKeys, person: string, kept: KeptKey): Promise<void> {
  if (kept.status === 'erased') return target.erase(person);
  const there = await target.create(person, kept.wrapped);
  if (there.status !== 'kept' || there.wrapped !== kept.wrapped) {
    throw new CopyRefused(`the event store has another key for the personal data of user ${person}`);
  }
}
