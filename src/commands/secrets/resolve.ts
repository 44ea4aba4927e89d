import { settingsOf } from '../../domain/mcp/credentials.ts';
import type { SecretReference, Transport } from '../../domain/mcp/definition.ts';
import type { KnownSecret } from '../../domain/secret/decider.ts';
import type { ResolvedSecret, SecretUse } from '../../ports/secret-use.ts';
import { UpstreamError } from '../../ports/upstream.ts';
import { VaultDamaged, VaultLocked } from '../../ports/vault.ts';
import { derivedId } from '../derived-id.ts';
import type { CommandDeps } from '../deps.ts';
import type { VaultDeps } from '../keyring.ts';
import { secretNameKey } from '../name-keys.ts';
import { ownerOfName } from '../reservations.ts';
import { isConsented } from './consents.ts';
import { openVersion } from './sealed-version.ts';
import { loadSecret } from './secrets.ts';

/**
 * The value of a secret that a transport names, as it is now. The caller's own is given to an mcp that he lets have it,
 * and only while that reaches its server as it did when he did so: who may change an mcp must not collect what others keep.
 * @throws UpstreamError `upstream_refused` there is no such secret, or not for this use
 */
export async function resolveSecret(
  deps: VaultDeps,
  reference: SecretReference,
  use: SecretUse,
): Promise<ResolvedSecret> {
  const { id, secret } = await find(deps, reference, use);
  if (secret.scope === 'user' && !isConsented(secret.mcps, use.mcpId, use.transport)) {
    throw refused(
      `your secret ${JSON.stringify(secret.name)} is not for this mcp as it reaches its server now: ` +
        `PATCH /api/v1/secrets/${id} with {"mcps": ["${use.mcpId}"]} lets it be used`,
    );
  }
  try {
    return { id, value: openVersion(deps.vault, id, secret) };
  } catch (error) {
    if (!(error instanceof VaultLocked || error instanceof VaultDamaged)) throw error;
    throw new UpstreamError('upstream_refused', `the secret ${JSON.stringify(secret.name)}: ${error.message}`, {
      cause: error,
    });
  }
}

/** Id of the secret that holds a setting of an mcp. */
export function settingSecretId(mcpId: string, name: string): string {
  return derivedId(name, mcpId);
}

/** Ids of the secrets that hold settings of an mcp which reaches its server so. */
export function settingSecretIds(mcpId: string, transport: Transport): readonly string[] {
  return settingsOf(transport).flatMap(({ value }) =>
    typeof value !== 'string' && isSettingSecret(value.secret) ? [settingSecretId(mcpId, value.secret)] : [],
  );
}

/** Id of a shared secret by its name; undefined when there never was one. */
export async function sharedSecretId(deps: CommandDeps, name: string): Promise<string | undefined> {
  return (await ownerOfName(deps, secretNameKey(deps, null, name)))?.slice('secret-'.length);
}

/** Whether a name is that of a secret which holds a setting of some mcp. */
export function isSettingSecret(name: string): boolean {
  return name.startsWith('mcp/');
}

async function find(
  deps: VaultDeps,
  { secret: name, scope }: SecretReference,
  { mcpId, caller }: SecretUse,
): Promise<{ readonly id: string; readonly secret: KnownSecret }> {
  const shown = JSON.stringify(name);
  if (scope === 'user' && caller === undefined) {
    throw refused(`this needs the secret ${shown} of whoever calls, and nobody in particular does`);
  }
  const id =
    scope === 'user'
      ? (await ownerOfName(deps, secretNameKey(deps, caller ?? '', name)))?.slice('secret-'.length)
      : isSettingSecret(name)
        ? settingSecretId(mcpId, name)
        : await sharedSecretId(deps, name);
  const secret = id === undefined ? undefined : await loadSecret(deps, id);
  if (id === undefined || secret?.status !== 'active' || (secret.mcpId !== null && secret.mcpId !== mcpId)) {
    const whose = scope === 'user' ? 'you have no secret' : 'there is no secret';
    throw refused(`${whose} ${shown}, which the transport of this mcp names`);
  }
  return { id, secret };
}

function refused(message: string): UpstreamError {
  return new UpstreamError('upstream_refused', message);
}
