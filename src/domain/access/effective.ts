import type { Asker } from './authorize.ts';
import { notCovered } from './covers.ts';
import { builtInPermissions } from './roles.ts';

/**
 * What somebody may do by this credential, as a list: his permissions, or what scopes leave of them. Where a scope and a
 * permission only overlap, neither is told; `authorize` knows better.
 */
export function effectivePermissions({ actor, roles, permissions, scopes }: Asker): readonly string[] {
  const held = permissions ?? builtInPermissions(roles);
  if (!scopes) return held;
  const beyondRoles = new Set(notCovered({ actor, roles, permissions: held }, scopes));
  const beyondScopes = new Set(notCovered({ actor, roles, permissions: scopes }, held));
  const common = [...scopes.filter((one) => !beyondRoles.has(one)), ...held.filter((one) => !beyondScopes.has(one))];
  return [...new Set(common)];
}
