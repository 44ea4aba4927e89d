import type { SealedVersion, WrappedKey } from '../../domain/secret/events.ts';
import type { KnownSecret } from '../../domain/secret/decider.ts';
import type { Place, Vault } from '../../ports/vault.ts';

/** Which version of which secret: a sealed value opens as this one and as no other. */
export interface VersionPlace {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly version: number;
}

/** Seals the value of a version. @throws VaultLocked */
export function sealVersion(vault: Vault, value: string, of: VersionPlace, masterKey: string): SealedVersion {
  return { version: of.version, ...vault.seal(value, placeOf(of), masterKey) };
}

/** The value of a secret as it is now. @throws VaultLocked, VaultDamaged */
export function openVersion(vault: Vault, id: string, secret: KnownSecret): string {
  return vault.open(secret, placeOf({ ...secret, id }));
}

/** The key of a secret's value, sealed with another master key. @throws VaultLocked, VaultDamaged */
export function rewrapVersion(vault: Vault, id: string, secret: KnownSecret, masterKey: string): WrappedKey {
  const place = placeOf({ ...secret, id });
  return vault.wrap(vault.unwrap(secret.key, place), place, masterKey);
}

function placeOf({ tenant, id, name, version }: VersionPlace): Place {
  return ['secret', tenant, id, name, String(version)];
}
