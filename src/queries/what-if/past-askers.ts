import type { Asker } from '../../domain/access/authorize.ts';
import type { RoleDefinitions } from '../../domain/access/role-definitions.ts';
import type { ChangedPolicy } from '../../domain/what-if/change.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { Past } from './past.ts';

/** Who asked, as he was and as he would be. */
export interface PastAskers {
  readonly before: Asker;
  readonly after: Asker;
  /** False: a client spoke for the user, and the record does not say with which scopes. */
  readonly scopesKnown: boolean;
}

const ofKey = 'api-key:';
const ofUser = 'user:';

/** Undefined when the record does not tell who it was, or what he was. */
export async function pastAskersOf(
  past: Past,
  { position, metadata: { actor, via } }: RecordedEvent,
  definitions: RoleDefinitions,
  inForce: ChangedPolicy,
  changed: ChangedPolicy,
): Promise<PastAskers | undefined> {
  const held = await rolesOf(past, actor, position);
  if (held === undefined) return undefined;
  const isKey = via?.startsWith(ofKey) === true;
  const scopes = isKey ? await past.scopesOfKey(via.slice(ofKey.length), position) : undefined;
  if (isKey && scopes === undefined) return undefined;
  const asker = (policy: ChangedPolicy): Asker => {
    const roles = policy.rolesOf(actor, held);
    const permissions = policy.permissionsOf(definitions, roles);
    return { actor, roles, permissions, ...(scopes && { scopes }) };
  };
  return { before: asker(inForce), after: asker(changed), scopesKnown: via === undefined || isKey };
}

/** The command line on the platform's own machine is its owner; nobody else without an account is asked about. */
async function rolesOf(past: Past, actor: string, position: number): Promise<readonly string[] | undefined> {
  if (actor.startsWith(ofUser)) return past.rolesOfUser(actor.slice(ofUser.length), position);
  if (actor === 'system:cli') return ['admin'];
  return undefined;
}
