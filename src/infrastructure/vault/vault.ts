import { hkdfSync, randomBytes } from 'node:crypto';
import type { WrappedKey } from '../../domain/secret/events.ts';
import { VaultLocked, type Place, type Vault } from '../../ports/vault.ts';
import { decrypt, encrypt } from './aes-gcm.ts';

/**
 * A vault that is opened by master keys: texts of 32 random bytes or more, of which each gives a key for sealing keys and
 * an id that tells nothing of it (HKDF-SHA-256).
 * @param current the one to use from now on
 * @param previous those that stored things may be sealed with still
 */
export function createVault(current: string, previous: readonly string[] = []): Vault {
  const masters = new Map([current, ...previous].map((text) => [idOf(text), derived(text, 'wrapping', 32)]));
  const currentId = idOf(current);
  const others = [...masters.keys()].filter((id) => id !== currentId);

  const master = (id: string): Buffer => {
    const key = masters.get(id);
    if (!key) throw new VaultLocked(id);
    return key;
  };
  // The master key's id stands beside the place, so that a wrap cannot be passed off as one by another key.
  const wrap = (key: Buffer, place: Place, masterKey: string): WrappedKey => {
    return { masterKey, key: encrypt(master(masterKey), key, ['key', masterKey, ...place]) };
  };
  const unwrap = ({ masterKey, key }: WrappedKey, place: Place): Buffer =>
    decrypt(master(masterKey), key, ['key', masterKey, ...place]);

  return {
    masterKeys: [currentId, ...others],
    wrap,
    unwrap,
    seal(text, place, masterKey) {
      const key = randomBytes(32);
      const wrapped = wrap(key, place, masterKey);
      return { value: encrypt(key, Buffer.from(text), ['value', ...place]), key: wrapped };
    },
    open: ({ value, key }, place) => decrypt(unwrap(key, place), value, ['value', ...place]).toString(),
  };
}

function idOf(masterKey: string): string {
  return derived(masterKey, 'id', 8).toString('hex');
}

function derived(masterKey: string, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `annals master key: ${purpose}`, length));
}
