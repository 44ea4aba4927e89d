import {
  permissionsOfRole,
  permissionsOfRoles,
  roleDefinitionsDecider,
  roleDefinitionsId,
  roleNotFound,
  type RoleCommand,
  type RoleDefinition,
  type RoleDefinitions,
} from '../domain/access/role-definitions.ts';
import { isBuiltInRole } from '../domain/access/roles.ts';
import { DomainError } from '../domain/error.ts';
import type { Position } from '../ports/event-store.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { demandAll } from './escalation.ts';
import { load } from './load.ts';
import { PreconditionFailed } from './precondition-failed.ts';
import { transact } from './transaction.ts';

export interface RoleContent {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
}

export interface ChangedRole {
  readonly role: RoleDefinition;
  readonly position: Position;
}

/** Defines a role. @throws DomainError `role_exists`, `invalid_permission`, `permissions_exceeded` */
export function defineRole(deps: CommandDeps, context: CommandContext, content: RoleContent): Promise<ChangedRole> {
  return change(deps, context, { type: 'DefineRole', ...content });
}

/** Gives a role this description and these permissions. @throws DomainError `role_not_found`, `role_built_in`, … */
export function changeRole(deps: CommandDeps, context: CommandContext, content: RoleContent): Promise<ChangedRole> {
  return change(deps, context, { type: 'ChangeRole', ...content });
}

/**
 * Removes a role that nobody has.
 * @param isHeld whether somebody has it
 * @throws DomainError `role_in_use`, `role_not_found`, `role_built_in`, `permissions_exceeded`
 */
export async function removeRole(
  deps: CommandDeps,
  context: CommandContext,
  name: string,
  isHeld: () => Promise<boolean>,
): Promise<Position> {
  const before = await loadRoleDefinitions(deps);
  await demandAll(deps, context, permissionsOfRole(before, name) ?? [], 'role:manage', `role ${name}`);
  const remove = { type: 'RemoveRole', name } as const;
  const outcome = await transact(deps, context, async (transaction) => {
    const definitions = await transaction.load(roleDefinitionsDecider, roleDefinitionsId);
    checkRevision(context, definitions.get(name));
    if (definitions.has(name) && (await isHeld())) {
      throw new DomainError('conflict', 'role_in_use', 'somebody has this role: take it from everybody first');
    }
    return transaction.decide(roleDefinitionsDecider, roleDefinitionsId, remove);
  });
  return outcome.position;
}

/** The roles that were defined at run time, as of the last event. */
export async function loadRoleDefinitions(deps: CommandDeps): Promise<RoleDefinitions> {
  const stream = `${roleDefinitionsDecider.category}-${roleDefinitionsId}`;
  return (await load(deps.store, deps.aggregates, roleDefinitionsDecider, stream)).state;
}

/** What these roles grant together now: the same list while no role changes. */
export async function permissionsGrantedBy(deps: CommandDeps, roles: readonly string[]): Promise<readonly string[]> {
  return permissionsOfRoles(await loadRoleDefinitions(deps), roles);
}

async function change(
  deps: CommandDeps,
  context: CommandContext,
  command: Extract<RoleCommand, RoleContent>,
): Promise<ChangedRole> {
  const { name, permissions } = command;
  const before = await loadRoleDefinitions(deps);
  // What the role grants now, too: nobody who may less takes it away.
  const held = isBuiltInRole(name) ? [] : (permissionsOfRole(before, name) ?? []);
  await demandAll(deps, context, [...held, ...permissions], 'role:manage', `role ${name}`);
  const { state, position } = await transact(deps, context, async (transaction) => {
    const definitions = await transaction.load(roleDefinitionsDecider, roleDefinitionsId);
    if (command.type === 'ChangeRole') checkRevision(context, definitions.get(name));
    return transaction.decide(roleDefinitionsDecider, roleDefinitionsId, command);
  });
  const role = state.get(name);
  if (!role) throw roleNotFound();
  return { role, position };
}

/** All roles share a stream, and each has revisions of its own. */
function checkRevision({ expectedRevision }: CommandContext, role: RoleDefinition | undefined): void {
  if (expectedRevision === undefined || !role || role.revision === expectedRevision) return;
  throw new PreconditionFailed(expectedRevision, role.revision);
}
