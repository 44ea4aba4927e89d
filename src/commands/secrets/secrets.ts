import { DomainError } from '../../domain/error.ts';
import { reservationDecider } from '../../domain/reservation/decider.ts';
import {
  secretDecider,
  secretNotFound,
  type KnownSecret,
  type SecretCommand,
  type SecretState,
} from '../../domain/secret/decider.ts';
import type { SecretContent } from '../../domain/secret/events.ts';
import type { Position } from '../../ports/event-store.ts';
import type { CommandContext } from '../context.ts';
import type { CommandDeps } from '../deps.ts';
import { demand } from '../denials.ts';
import { sealingKey, type VaultDeps } from '../keyring.ts';
import { load } from '../load.ts';
import { secretNameKey } from '../name-keys.ts';
import { reserveName } from '../reservations.ts';
import { transact, type Outcome, type Transaction } from '../transaction.ts';
import { consentTo } from './consents.ts';
import { keepWrapped } from './rewrap.ts';
import { sealVersion } from './sealed-version.ts';

/** What somebody says to make a secret. */
export interface NewSecret {
  readonly name: string;
  readonly description: string;
  readonly scope: 'shared' | 'user';
  readonly value: string;
  /** Ids of the mcps that a personal secret may be used for. */
  readonly mcps: readonly string[];
}

/** What is absent stays as it is. */
export interface SecretChange {
  readonly value?: string;
  readonly description?: string;
  readonly mcps?: readonly string[];
}

/**
 * Keeps a value under a name; its id is the command's.
 * @throws DomainError `name_taken`, `mcp_not_found`, `invalid_input` a shared secret is not for certain mcps
 */
export async function createSecret(
  deps: VaultDeps,
  context: CommandContext,
  { name, description, scope, value, mcps }: NewSecret,
): Promise<Outcome<SecretState>> {
  const id = context.commandId;
  const { actor: owner, tenant } = context.principal;
  if (scope === 'shared') refuseMcps(mcps);
  const consents = await consentTo(deps, context, mcps);
  const content: SecretContent = { name, description, scope, owner, mcpId: null, mcps: consents };
  const masterKey = await sealingKey(deps);
  const outcome = await transact(deps, context, async (transaction) => {
    await reserveName(deps, context, transaction, {
      key: secretNameKey(deps, scope === 'user' ? owner : null, name),
      owner: { decider: secretDecider, id },
      name,
      pointer: '/name',
    });
    const sealed = sealVersion(deps.vault, value, { tenant, id, name, version: 1 }, masterKey);
    return transaction.decide(secretDecider, id, { type: 'CreateSecret', content, tenant, sealed });
  });
  await keepWrapped(deps, context, id, masterKey);
  return outcome;
}

/** Gives a secret another value, which makes its next version, or says other things of it. @throws DomainError `secret_not_found` */
export async function changeSecret(
  deps: VaultDeps,
  context: CommandContext,
  id: string,
  { value, description, mcps }: SecretChange,
): Promise<Outcome<SecretState>> {
  const { scope } = await demandOwn(deps, context, id);
  if (scope !== 'user' && mcps !== undefined) refuseMcps(mcps);
  const consents = mcps === undefined ? undefined : await consentTo(deps, context, mcps);
  const masterKey = await sealingKey(deps);
  const outcome = await transact(deps, context, (transaction) =>
    transaction.decide(
      secretDecider,
      id,
      (state): SecretCommand => ({
        type: 'ChangeSecret',
        ...(description === undefined ? {} : { description }),
        ...(consents === undefined ? {} : { mcps: consents }),
        ...(value === undefined || state.status === 'none'
          ? {}
          : { sealed: sealVersion(deps.vault, value, { ...state, id, version: state.version + 1 }, masterKey) }),
      }),
      { conditional: true },
    ),
  );
  await keepWrapped(deps, context, id, masterKey);
  return outcome;
}

/**
 * Takes a secret out of use. What names it is refused from then on.
 * @param usedBy names of the mcps in use that keep it from being deleted
 * @throws DomainError `secret_not_found`, `secret_in_use`
 */
export async function deleteSecret(
  deps: VaultDeps,
  context: CommandContext,
  id: string,
  usedBy: (secret: KnownSecret) => Promise<readonly string[]>,
): Promise<Outcome<SecretState>> {
  const secret = await demandOwn(deps, context, id);
  const users = await usedBy(secret);
  if (users.length > 0) {
    const some = users.slice(0, 10).join(', ') + (users.length > 10 ? ', …' : '');
    throw new DomainError('conflict', 'secret_in_use', `mcps use this secret: ${some}. Change them first, or force it`);
  }
  return transact(deps, context, (transaction) => decideDeletion(deps, transaction, id, secret));
}

/**
 * Takes a personal secret out of use, whoever asks: for one who was found to act for its owner. Nothing when it is deleted
 * already. @returns position of the last event of the secret; 0: it was deleted
 */
export function dropPersonalSecret(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  return transact(deps, context, async (transaction) => {
    const secret = await transaction.load(secretDecider, id);
    if (secret.status !== 'active' || secret.scope !== 'user') return () => 0;
    const deleted = await decideDeletion(deps, transaction, id, secret);
    return () => deleted().position;
  });
}

async function decideDeletion(
  deps: CommandDeps,
  transaction: Transaction,
  id: string,
  { scope, owner, name }: KnownSecret,
): Promise<() => Outcome<SecretState>> {
  const deleted = await transaction.decide(secretDecider, id, { type: 'DeleteSecret' }, { conditional: true });
  if (scope === 'user') {
    const release = { type: 'ReleaseName', owner: `secret-${id}` } as const;
    await transaction.decide(reservationDecider, secretNameKey(deps, owner, name), release, { last: true });
  }
  return deleted;
}

/** The secret as of its last event; `none` when there never was one. */
export async function loadSecret(deps: VaultDeps, id: string): Promise<SecretState> {
  return (await load(deps.store, deps.aggregates, secretDecider, `secret-${id}`)).state;
}

/** Goes on when it is one's own, or one may manage everybody's. Another one's personal secret is as if it did not exist. */
async function demandOwn(deps: VaultDeps, context: CommandContext, id: string): Promise<KnownSecret> {
  const state = await loadSecret(deps, id);
  if (state.status === 'none' || (state.status === 'deleted' && !(await isRepeated(deps, context, id)))) {
    throw secretNotFound();
  }
  if (state.owner === context.principal.actor) {
    await demand(deps, context, 'secret:write', `secret-${id}`, { kind: 'owned', owner: state.owner });
  } else {
    const hidden = state.scope === 'user' ? secretNotFound() : undefined;
    await demand(deps, context, 'secret:manage', `secret-${id}`, undefined, hidden);
  }
  return state;
}

/** The command that deleted it has come again. */
async function isRepeated(deps: VaultDeps, { commandId }: CommandContext, id: string): Promise<boolean> {
  return (await load(deps.store, deps.aggregates, secretDecider, `secret-${id}`)).commands.has(commandId);
}

function refuseMcps(mcps: readonly string[]): void {
  if (mcps.length === 0) return;
  const faults = [{ pointer: '/mcps', detail: 'is for secrets of the scope "user"' }];
  throw new DomainError('invalid', 'invalid_input', 'only a personal secret is for certain mcps', faults);
}
