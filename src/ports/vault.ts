import type { WrappedKey } from '../domain/secret/events.ts';

/** A text that can be read by who has the master key alone. */
export interface Sealed {
  readonly value: string;
  /** Of this text alone. */
  readonly key: WrappedKey;
}

/** What a sealed text belongs to, from the general to the special. In another place it does not open. */
export type Place = readonly string[];

/**
 * Seals what may be stored. Each text has a key of its own, and that is sealed with a master key: to change the master
 * key, no text has to be touched.
 */
export interface Vault {
  /** Ids of the master keys that are here, the one to use from now on first. */
  readonly masterKeys: readonly [string, ...string[]];
  /** @param masterKey id of the one to seal with @throws VaultLocked it is not here */
  seal(text: string, place: Place, masterKey: string): Sealed;
  /** @throws VaultLocked the master key is not here; VaultDamaged it was not sealed so, or not for this place */
  open(sealed: Sealed, place: Place): string;
  /** Seals a key with a master key. @throws VaultLocked */
  wrap(key: Buffer, place: Place, masterKey: string): WrappedKey;
  /** @throws VaultLocked, VaultDamaged */
  unwrap(wrapped: WrappedKey, place: Place): Buffer;
}

/** What is sealed needs a master key that this process does not have. */
export class VaultLocked extends Error {
  override readonly name = 'VaultLocked';
  readonly masterKey: string;

  constructor(masterKey: string) {
    super(`this needs the master key ${masterKey}, which is not here`);
    this.masterKey = masterKey;
  }
}

/** What is sealed was changed, or belongs elsewhere. */
export class VaultDamaged extends Error {
  override readonly name = 'VaultDamaged';
}
