import { hkdfSync, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { KeptKey, PersonKeys } from '../../ports/person-keys.ts';
import { decrypt, encrypt } from '../vault/aes-gcm.ts';

/** A person's key: 32 bytes, or that it was erased. */
export type PersonKey = Buffer | 'erased';

/** The keys of people, unwrapped. Those that were asked for are remembered for a minute. */
export interface PersonKeyring {
  /** The keys of all these people, when all are remembered. */
  remembered(people: Iterable<string>): ReadonlyMap<string, PersonKey> | undefined;
  /** What is known of these people's keys; nothing of who never had one. @throws StoreUnavailable, VaultDamaged */
  keysOf(people: Iterable<string>): Promise<ReadonlyMap<string, PersonKey>>;
  /** The same, and a new key for each who never had one. @throws StoreUnavailable, VaultDamaged */
  keysFor(people: Iterable<string>): Promise<ReadonlyMap<string, PersonKey>>;
  /** @throws StoreUnavailable */
  erase(person: string): Promise<void>;
}

const mostRemembered = 20_000;

/**
 * @param wrappingKey 32 bytes; keys are stored under it, so that who has their store alone can open nothing
 * @param rememberedMs also how long this process may still open what was sealed with a key that another one erases
 */
export function createPersonKeyring(store: PersonKeys, wrappingKey: Uint8Array, rememberedMs = 60_000): PersonKeyring {
  const wrapping = Buffer.from(wrappingKey);
  const remembered = new LRUCache<string, PersonKey>({ max: mostRemembered, ttl: rememberedMs });

  const take = (person: string, kept: KeptKey): PersonKey => {
    const key = kept.status === 'erased' ? 'erased' : decrypt(wrapping, kept.wrapped, place(person));
    remembered.set(person, key);
    return key;
  };

  async function keysOf(people: Iterable<string>): Promise<Map<string, PersonKey>> {
    const keys = new Map<string, PersonKey>();
    const unknown = new Set<string>();
    for (const person of people) {
      const key = remembered.get(person);
      if (key) keys.set(person, key);
      else unknown.add(person);
    }
    if (unknown.size === 0) return keys;
    for (const [person, kept] of await store.get([...unknown])) keys.set(person, take(person, kept));
    return keys;
  }

  return {
    remembered(people) {
      const keys = new Map<string, PersonKey>();
      for (const person of people) {
        const key = remembered.get(person);
        if (!key) return undefined;
        keys.set(person, key);
      }
      return keys;
    },
    keysOf,
    async keysFor(people) {
      const wanted = [...people];
      const keys = await keysOf(wanted);
      for (const person of wanted) {
        if (keys.has(person)) continue;
        const wrapped = encrypt(wrapping, randomBytes(32), place(person));
        // Another process may have been faster: what it has made counts.
        keys.set(person, take(person, await store.create(person, wrapped)));
      }
      return keys;
    },
    async erase(person) {
      await store.erase(person);
      remembered.set(person, 'erased');
    },
  };
}

/** The key under which the keys of people are stored. @param indexKey of the log's keyring: it stays when the master key changes */
export function wrappingKeyOf(indexKey: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', indexKey, '', 'annals keys of people', 32));
}

function place(person: string): readonly string[] {
  return ['key of a person', person];
}
