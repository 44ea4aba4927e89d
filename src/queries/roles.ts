import { roleNames, roles, type Permission, type RoleName } from '../domain/access/roles.ts';

export interface RoleResource {
  readonly name: RoleName;
  readonly permissions: readonly Permission[];
  /** Comes with the product and cannot be changed. */
  readonly builtIn: true;
}

/** All roles, from the one that may most to the one that may least. */
export function listRoles(): readonly RoleResource[] {
  return roleNames.map((name) => ({ name, permissions: roles[name], builtIn: true }));
}
