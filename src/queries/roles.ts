import { roleDefinitionsDecider, roleDefinitionsId, roleNotFound } from '../domain/access/role-definitions.ts';
import type { RoleDefinition, RoleDefinitions, RoleEvent } from '../domain/access/role-definitions.ts';
import { isBuiltInRole, roleDescriptions, roleNames, roles } from '../domain/access/roles.ts';
import { users, type UserRow } from '../projections/users/projection.ts';
import type { RecordedEvent, Revision } from '../ports/event-store.ts';
import { StoreUnavailable } from '../ports/unavailable.ts';
import type { QueryDeps } from './deps.ts';
import { includesAll } from './lists/filter.ts';
import { resolveAsOf } from './time-travel/as-of.ts';
import { sql } from 'kysely';

export interface RoleResource {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
  /** Comes with the product and cannot be changed. */
  readonly builtIn: boolean;
}

export interface RoleMoment {
  /** A position of the log, or a time (RFC 3339). */
  readonly asOf?: string | number;
}

/** All roles: the built-in ones from the one that may most to the one that may least, then the others by name. */
export async function listRoles(deps: QueryDeps, moment: RoleMoment = {}): Promise<readonly RoleResource[]> {
  const defined = [...(await definitionsAt(deps, moment)).values()];
  return [...roleNames.map(builtIn), ...defined.map(toRole).sort((one, other) => (one.name < other.name ? -1 : 1))];
}

/** @throws DomainError `role_not_found` */
export async function getRole(
  deps: QueryDeps,
  name: string,
  moment: RoleMoment = {},
): Promise<{ readonly resource: RoleResource; readonly revision: Revision }> {
  const definitions = await definitionsAt(deps, moment);
  if (isBuiltInRole(name)) return { resource: builtIn(name), revision: 0 };
  const role = definitions.get(name);
  if (!role) throw roleNotFound();
  return { resource: toRole(role), revision: role.revision };
}

export function toRole({ name, description, permissions }: RoleDefinition): RoleResource {
  return { name, description, permissions, builtIn: false };
}

/**
 * Whether anybody has a role, as of the last event.
 * @throws StoreUnavailable the read model does not follow the log
 */
export async function isRoleHeld(deps: QueryDeps, name: string): Promise<boolean> {
  const head = await deps.store.head();
  if ((await deps.models.waitFor(users.name, head, patienceMs)) < head) {
    throw new StoreUnavailable('the read model of users is behind: try again in a moment');
  }
  for (const { where, matches } of includesAll<UserRow>('roles', [name])) {
    const query = sql<UserRow>`select * from ${sql.table(users.name)} where ${where}`;
    const { rows } = await query.execute(deps.models.relational(users.name));
    if (rows.some(matches)) return true;
  }
  return false;
}

const patienceMs = 2_000;

function builtIn(name: (typeof roleNames)[number]): RoleResource {
  return { name, description: roleDescriptions[name], permissions: roles[name], builtIn: true };
}

async function definitionsAt(deps: QueryDeps, { asOf }: RoleMoment): Promise<RoleDefinitions> {
  const { category, initialState, evolve } = roleDefinitionsDecider;
  const position = asOf === undefined ? Infinity : await resolveAsOf(deps, asOf);
  const events = await deps.store.readStream(`${category}-${roleDefinitionsId}`);
  return events
    .filter((event): event is RecordedEvent & RoleEvent => event.position <= position)
    .reduce(evolve, initialState);
}
