import type { Asker } from './authorize.ts';
import { grantsOf } from './grants.ts';
import { parsePermission } from './permission-grammar.ts';
import { builtInPermissions } from './roles.ts';

/**
 * The permissions of a list that somebody does not hold whole, and so cannot give to anybody. A pattern is held by one
 * that fits its text, stars included: whatever a star of the inner pattern stands for, one of the outer takes in.
 */
export function notCovered(holder: Asker, permissions: readonly string[]): readonly string[] {
  const lists = [holder.permissions ?? builtInPermissions(holder.roles), ...(holder.scopes ? [holder.scopes] : [])];
  return permissions.filter((permission) => !lists.every((list) => covers(list, permission)));
}

function covers(list: readonly string[], permission: string): boolean {
  const wanted = parsePermission(permission);
  // What is no permission gives nothing.
  if (typeof wanted === 'string') return true;
  const grants = grantsOf(list);
  if (wanted.scope === 'everything') return grants.has(wanted.action);
  const { way, mcp, tool } = wanted;
  return grants.onMcp(way, { id: mcp, name: mcp }, tool === '*' ? undefined : tool);
}
