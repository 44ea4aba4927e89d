import { keyringDecider, keyringId, type KeyringState, type StableKeys } from '../domain/keyring/decider.ts';
import type { Place, Vault } from '../ports/vault.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';
import { handle } from './transaction.ts';

export interface VaultDeps extends CommandDeps {
  readonly vault: Vault;
}

/** In clear: 32 bytes each. */
export type StableKeyBytes = { readonly [Name in keyof StableKeys]: Buffer };

/** The keyring as of its last event. */
export async function loadKeyring(deps: Pick<CommandDeps, 'store' | 'aggregates'>): Promise<KeyringState> {
  return (await load(deps.store, deps.aggregates, keyringDecider, `keyring-${keyringId}`)).state;
}

/** Id of the master key that everything new is sealed with, by all processes on this log. */
export async function sealingKey(deps: VaultDeps): Promise<string> {
  const keyring = await loadKeyring(deps);
  return keyring.status === 'none' ? deps.vault.masterKeys[0] : keyring.masterKey;
}

/** Makes the keyring of a log that has none; another process may have been first. */
export async function createKeyring(deps: VaultDeps, context: CommandContext, keys: StableKeyBytes): Promise<void> {
  const [masterKey] = deps.vault.masterKeys;
  const command = { type: 'CreateKeyring', masterKey, keys: wrapped(deps.vault, keys, masterKey) } as const;
  await handle(deps, context, keyringDecider, keyringId, command);
}

/** From here on, what is new is sealed with the newest master key that is here. */
export async function changeMasterKey(deps: VaultDeps, context: CommandContext): Promise<void> {
  const keyring = await loadKeyring(deps);
  const [masterKey] = deps.vault.masterKeys;
  if (keyring.status === 'none' || keyring.masterKey === masterKey) return;
  const keys = wrapped(deps.vault, stableKeys(deps.vault, keyring.keys), masterKey);
  await handle(deps, context, keyringDecider, keyringId, { type: 'ChangeMasterKey', masterKey, keys });
}

/** Nothing that is in use needs these master keys any more. */
export async function retireMasterKeys(
  deps: VaultDeps,
  context: CommandContext,
  masterKeys: readonly string[],
): Promise<void> {
  await handle(deps, context, keyringDecider, keyringId, { type: 'RetireMasterKeys', masterKeys });
}

/** The stable keys in clear. @throws VaultLocked, VaultDamaged */
export function stableKeys(vault: Vault, { index, audit }: StableKeys): StableKeyBytes {
  return { index: vault.unwrap(index, placeOf('index')), audit: vault.unwrap(audit, placeOf('audit')) };
}

function wrapped(vault: Vault, { index, audit }: StableKeyBytes, masterKey: string): StableKeys {
  return {
    index: vault.wrap(index, placeOf('index'), masterKey),
    audit: vault.wrap(audit, placeOf('audit'), masterKey),
  };
}

function placeOf(name: keyof StableKeys): Place {
  return ['keyring', name];
}
