import { authorize } from '../../domain/access/authorize.ts';
import { canonicalJson } from '../../domain/mcp/diff/canonical-json.ts';
import {
  isCredential,
  settingSecretName,
  settingsOf,
  withSettings,
  type Setting,
} from '../../domain/mcp/credentials.ts';
import { misplacedCredentials } from '../../domain/mcp/misplaced-credentials.ts';
import type { SecretReference, SettingValue, Transport } from '../../domain/mcp/definition.ts';
import { DomainError, type InputFault } from '../../domain/error.ts';
import { secretDecider, type SecretCommand, type SecretState } from '../../domain/secret/decider.ts';
import type { CommandContext } from '../context.ts';
import { demand } from '../denials.ts';
import { sealingKey, type VaultDeps } from '../keyring.ts';
import { load } from '../load.ts';
import type { Transaction } from '../transaction.ts';
import { isSettingSecret, settingSecretId, sharedSecretId } from './resolve.ts';
import { openVersion, sealVersion } from './sealed-version.ts';

/** The mcp whose transport is to be settled. */
export interface Settling {
  readonly mcpId: string;
  readonly mcpName: string;
  /** As it is before the change; absent: there is no mcp yet. */
  readonly current?: Transport;
}

/** A transport as it may stand in the log, and what has to be kept for it. */
export interface SettledTransport {
  readonly transport: Transport;
  /** Adds to the transaction the secrets that its settings were given. */
  readonly keep: (transaction: Transaction) => Promise<void>;
}

interface Given {
  readonly id: string;
  readonly name: string;
  readonly setting: Setting;
  readonly value: string;
  readonly state: SecretState;
}

/**
 * Takes what is secret out of a transport: a credential that a setting has in clear becomes a secret of that setting,
 * and its name takes its place. Whoever changes a transport decides where the secrets go that it names, so he must be
 * one who may use each.
 * @throws DomainError `secret_not_found`, `permission_missing`, `credential_misplaced`
 */
export async function settleTransport(
  deps: VaultDeps,
  context: CommandContext,
  transport: Transport,
  { mcpId, mcpName, current }: Settling,
): Promise<SettledTransport> {
  refuseMisplaced(transport, current);
  const settings = settingsOf(transport);
  if (settings.length === 0) return { transport, keep: () => Promise.resolve() };
  const given: Given[] = [];
  const references = new Map<string, SettingValue>();
  for (const setting of settings) {
    if (typeof setting.value !== 'string' || !isCredential(setting)) continue;
    const name = settingSecretName(mcpId, setting);
    const id = settingSecretId(mcpId, name);
    const { state } = await loadState(deps, id);
    references.set(setting.name, { secret: name });
    given.push({ id, name, setting, value: setting.value, state });
  }
  const settled = withSettings(transport, references);
  const isChanged = current === undefined || canonicalJson(settled) !== canonicalJson(current);
  if (isChanged) await demandUse(deps, context, settings, mcpId);
  const others = given.filter(
    ({ id, value, state }) => state.status !== 'active' || openVersion(deps.vault, id, state) !== value,
  );
  return {
    transport: settled,
    async keep(transaction) {
      const masterKey = await sealingKey(deps);
      const { actor: owner, tenant } = context.principal;
      for (const { id, name, setting, value } of others) {
        const description = `${setting.kind === 'env' ? 'Variable' : 'Header'} ${setting.name} of ${mcpName}`;
        await transaction.decide(secretDecider, id, (state): SecretCommand => ({
          type: 'SetSecret',
          tenant,
          content: { name, description, scope: 'mcp', owner, mcpId, mcps: [] },
          sealed: sealVersion(
            deps.vault,
            value,
            state.status === 'none' ? { tenant, id, name, version: 1 } : { ...state, id, version: state.version + 1 },
            masterKey,
          ),
        }));
      }
    },
  };
}

/** What older versions of the product let in stays as it is until it is changed. */
function refuseMisplaced(transport: Transport, current: Transport | undefined): void {
  if (current !== undefined && canonicalJson(placesOf(current)) === canonicalJson(placesOf(transport))) return;
  const faults = misplacedCredentials(transport);
  if (faults.length === 0) return;
  throw new DomainError('invalid', 'credential_misplaced', 'credentials stand where they can be read', faults);
}

function placesOf(transport: Transport): readonly string[] {
  return transport.type === 'stdio' ? (transport.args ?? []) : [transport.url];
}

/** Every secret that a transport names has to be there, and be one's own or one that one may use. */
async function demandUse(
  deps: VaultDeps,
  context: CommandContext,
  settings: readonly Setting[],
  mcpId: string,
): Promise<void> {
  const faults: InputFault[] = [];
  for (const { kind, name, value } of settings) {
    // The caller's own is for him to let be used.
    if (typeof value === 'string' || value.scope === 'user') continue;
    const found = await usable(deps, context, value, mcpId);
    if (found) continue;
    const pointer = `/transport/${kind}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    faults.push({ pointer, detail: `names no secret that is there: ${JSON.stringify(value.secret)}` });
  }
  if (faults.length > 0) {
    throw new DomainError('invalid', 'secret_not_found', 'the transport names secrets that are not there', faults);
  }
}

/** Whether there is such a secret for this mcp. @throws DomainError `permission_missing` it is for others to use */
async function usable(
  deps: VaultDeps,
  context: CommandContext,
  { secret: name }: SecretReference,
  mcpId: string,
): Promise<boolean> {
  const isSetting = isSettingSecret(name);
  const id = isSetting ? settingSecretId(mcpId, name) : await sharedSecretId(deps, name);
  const secret = id === undefined ? undefined : (await loadState(deps, id)).state;
  if (secret?.status !== 'active' || (isSetting && secret.name !== name)) return false;
  const isOwn = secret.owner === context.principal.actor;
  if (isOwn && isSetting) return true;
  // A key of his that may not deal with his secrets must not send them anywhere.
  if (isOwn && authorize(context.principal, 'secret:write', { kind: 'owned', owner: secret.owner }).allowed)
    return true;
  await demand(deps, context, 'secret:use', `secret-${id}`);
  return true;
}

async function loadState(deps: VaultDeps, id: string) {
  return load(deps.store, deps.aggregates, secretDecider, `secret-${id}`);
}
