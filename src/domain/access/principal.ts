import { roles, type Permission, type RoleName } from './roles.ts';

/** Who asks. */
export interface Principal {
  /** As events name it: `user:<id>`, `system:<part>`. */
  readonly actor: string;
  readonly userId: string | null;
  readonly tenant: string;
  readonly roles: readonly RoleName[];
  /** The session that the credential belongs to; its end ends the credential. */
  readonly sessionId: string | null;
}

/** One pure answer for every way in: does any of the principal's roles grant the permission? */
export function may(principal: Principal, permission: Permission): boolean {
  return principal.roles.some((role) => roles[role].includes(permission));
}
