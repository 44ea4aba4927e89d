import { describe, expect, test } from 'vitest';
import { createVault } from '../../src/infrastructure/vault/vault.ts';
import { VaultDamaged, VaultLocked } from '../../src/ports/vault.ts';

const [one, two] = [
  'the one master key of these tests, 48 bytes long',
  'the other master key of these tests, also long',
];
const place = ['secret', 'default', 'id', 'name', '1'];
const vault = createVault(one);
const [key] = vault.masterKeys;

describe('what is sealed', () => {
  test('opens with the master key, and two of the same text have nothing in common', () => {
    const [first, second] = [vault.seal('text', place, key), vault.seal('text', place, key)];
    expect(vault.open(first, place)).toBe('text');
    expect(createVault(one).open(second, place)).toBe('text');
    expect([first.value, first.key.key]).not.toEqual([second.value, second.key.key]);
  });

  test('opens in no other place: of another version, another secret, another tenant', () => {
    const sealed = vault.seal('text', place, key);
    for (let at = 0; at < place.length; at++) {
      const elsewhere = place.map((part, index) => (index === at ? `${part}x` : part));
      expect(() => vault.open(sealed, elsewhere)).toThrow(VaultDamaged);
    }
    expect(() => vault.open(sealed, [place.join()])).toThrow(VaultDamaged);
  });

  test('does not open when any byte of it was changed, cut off or exchanged', () => {
    const sealed = vault.seal('text', place, key);
    const bytes = Buffer.from(sealed.value.slice(3), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8((changed.readUInt8(at) + 1) % 256, at);
      expect(() => vault.open({ ...sealed, value: `v1.${changed.toString('base64url')}` }, place)).toThrow(
        VaultDamaged,
      );
    }
    const cut = `v1.${bytes.subarray(0, -1).toString('base64url')}`;
    expect(() => vault.open({ ...sealed, value: cut }, place)).toThrow(VaultDamaged);
    expect(() => vault.open({ ...sealed, key: vault.seal('text', place, key).key }, place)).toThrow(VaultDamaged);
  });

  test('does not open without its master key, also when it is passed off as one by another', () => {
    const sealed = vault.seal('text', place, key);
    const other = createVault(two);
    expect(() => other.open(sealed, place)).toThrow(VaultLocked);
    const passedOff = { ...sealed, key: { ...sealed.key, masterKey: other.masterKeys[0] } };
    expect(() => createVault(two, [one]).open(passedOff, place)).toThrow(VaultDamaged);
  });

  test('opens with the next master key when its key was sealed anew, and its text was not touched', () => {
    const sealed = vault.seal('text', place, key);
    const both = createVault(two, [one]);
    const anew = { value: sealed.value, key: both.wrap(both.unwrap(sealed.key, place), place, both.masterKeys[0]) };
    expect(createVault(two).open(anew, place)).toBe('text');
    expect(() => createVault(one).open(anew, place)).toThrow(VaultLocked);
  });
});
