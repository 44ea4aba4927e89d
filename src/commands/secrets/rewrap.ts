import { derivedId } from '../derived-id.ts';
import { following, type CommandContext } from '../context.ts';
import { secretDecider, type KnownSecret } from '../../domain/secret/decider.ts';
import type { WrappedKey } from '../../domain/secret/events.ts';
import { sealingKey, type VaultDeps } from '../keyring.ts';
import { load } from '../load.ts';
import { handle } from '../transaction.ts';
import { VaultDamaged } from '../../ports/vault.ts';
import { rewrapVersion } from './sealed-version.ts';

/**
 * Seals the key of a secret's value with the master key that seals now. What was deleted, and values of before, stay as
 * they are: when the old master key is gone, so are they.
 * @returns whether that was to be done
 * @throws VaultLocked; VaultDamaged naming the secret
 */
export async function rewrapSecret(deps: VaultDeps, context: CommandContext, id: string): Promise<boolean> {
  const masterKey = await sealingKey(deps);
  const { state } = await load(deps.store, deps.aggregates, secretDecider, `secret-${id}`);
  if (state.status !== 'active' || state.key.masterKey === masterKey) return false;
  const key = wrappedAnew(deps, id, state, masterKey);
  await handle(deps, context, secretDecider, id, { type: 'RewrapSecret', version: state.version, key });
  return true;
}

function wrappedAnew({ vault }: VaultDeps, id: string, secret: KnownSecret, masterKey: string): WrappedKey {
  try {
    return rewrapVersion(vault, id, secret, masterKey);
  } catch (cause) {
    if (!(cause instanceof VaultDamaged)) throw cause;
    throw new VaultDamaged(`the secret ${JSON.stringify(secret.name)} (${id}) does not open`, { cause });
  }
}

/** A value was sealed while the master key changed, and whoever re-seals may have passed it already. */
export async function keepWrapped(
  deps: VaultDeps,
  context: CommandContext,
  id: string,
  sealedWith: string,
): Promise<void> {
  if ((await sealingKey(deps)) === sealedWith) return;
  await rewrapSecret(deps, following(context, derivedId('rewrap', context.commandId)), id);
}
