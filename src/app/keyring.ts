import { hkdfSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createAggregateCache } from '../commands/aggregate-cache.ts';
import type { CommandContext } from '../commands/context.ts';
import { createKeyring, loadKeyring, stableKeys, type StableKeyBytes } from '../commands/keyring.ts';
import { userNameKey } from '../commands/name-keys.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Secrets } from '../config/secrets.ts';
import { settings } from '../config/settings.ts';
import { createVault } from '../infrastructure/vault/vault.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { Logger } from '../ports/logger.ts';
import { VaultDamaged, type Vault } from '../ports/vault.ts';
import { createKeyedHash } from './keyed-hash.ts';

export interface OpenedKeyring {
  readonly vault: Vault;
  readonly keys: StableKeyBytes;
}

export interface KeyringParts {
  readonly store: EventStore;
  readonly clock: () => number;
  readonly logger: Logger;
}

/**
 * Opens the log's keyring with the master key, or makes one for a log that has none. A master key that does not open it
 * is refused before anything is written.
 * @throws ConfigError naming the setting
 */
export async function openKeyring(
  { store, clock, logger }: KeyringParts,
  { masterKey, masterKeyPrevious }: Pick<Secrets, 'masterKey' | 'masterKeyPrevious'>,
): Promise<OpenedKeyring> {
  const vault = createVault(masterKey, masterKeyPrevious === undefined ? [] : [masterKeyPrevious]);
  const first = firstKeys(masterKey);
  const deps = { store, aggregates: createAggregateCache(), clock, vault, keyedHash: createKeyedHash(first.index) };
  if ((await loadKeyring(deps)).status === 'none') {
    if (!(await fitsLog(store, deps))) throw wrongMasterKey();
    await createKeyring(deps, systemContext(), first);
  }
  const keyring = await loadKeyring(deps);
  if (keyring.status === 'none') throw new Error('the log does not show the keyring that was made');
  if (!vault.masterKeys.includes(keyring.masterKey)) throw wrongMasterKey();
  if (!keyring.retiring.every((id) => vault.masterKeys.includes(id))) throw missingPrevious();
  if (keyring.masterKey !== vault.masterKeys[0] || keyring.retiring.length > 0) {
    logger.warn({}, 'secrets are still sealed with the previous master key: run "annals secrets rewrap"');
  }
  try {
    return { vault, keys: stableKeys(vault, keyring.keys) };
  } catch (error) {
    if (error instanceof VaultDamaged) throw wrongMasterKey();
    throw error;
  }
}

/**
 * The stable keys of a new keyring follow from the first master key, as those that older versions used did: what these
 * have stored is found by them.
 */
function firstKeys(masterKey: string): StableKeyBytes {
  const derived = (purpose: string) => Buffer.from(hkdfSync('sha256', masterKey, '', purpose, 32));
  return { index: derived('annals reservation ids'), audit: derived('annals audit checkpoints') };
}

/** Whether a log from before there were keyrings was written with this key: the first user's name tells. */
async function fitsLog(store: EventStore, deps: Parameters<typeof userNameKey>[0]): Promise<boolean> {
  const filter = { types: ['UserRegistered'] };
  for (let after = 0; ;) {
    const { events, position, end } = await store.readAll({ after, limit: 1, filter });
    const [first] = events;
    if (first) {
      const { username } = first.data as { readonly username: string };
      return (await store.readStream(`reservation-${userNameKey(deps, username)}`, { limit: 1 })).length > 0;
    }
    if (end) return true;
    after = position;
  }
}

function systemContext(): CommandContext {
  const commandId = uuidv7();
  const principal = {
    actor: 'system:keyring',
    userId: null,
    tenant: 'default',
    roles: [],
    sessionId: null,
  };
  return { commandId, principal, correlationId: commandId };
}

function wrongMasterKey(): ConfigError {
  const { name } = settings.masterKey;
  const detail =
    'is not the key that this data was written with; give the one that was (without the setting, it is in secrets.json in ' +
    `the data directory). To change it, the old one goes into ${settings.masterKeyPrevious.name}`;
  return new ConfigError([{ name, detail }]);
}

function missingPrevious(): ConfigError {
  const { name } = settings.masterKeyPrevious;
  const detail =
    'is needed: secrets are still sealed with that key. Run "annals secrets rewrap" before it is taken out';
  return new ConfigError([{ name, detail }]);
}
