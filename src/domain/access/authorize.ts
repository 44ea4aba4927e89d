import { grantsOf, type Grants } from './grants.ts';
import type { McpWay } from './permission-grammar.ts';
import type { Resource } from './resource.ts';
import { builtInPermissions, type Permission } from './roles.ts';

/** Of a principal, what decides. Plain data, so that what was decided once can be decided again for other roles. */
export interface Asker {
  /** As events name it: `user:<id>`, `system:<part>`. */
  readonly actor: string;
  /** Names of built-in roles and of those defined at run time. */
  readonly roles: readonly string[];
  /** What the roles grant; absent where only built-in roles can be meant, which then say it themselves. */
  readonly permissions?: readonly string[];
  /** A credential that may do less than its owner: permissions of which one has to grant what is asked, too. */
  readonly scopes?: readonly string[];
}

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: DenialReason };

/** What is missing: a permission of the principal, or one of the credential that speaks for it. */
export type DenialReason = 'permission_missing' | 'insufficient_scope';

const allow: Decision = { allowed: true };
const noPermission: Decision = { allowed: false, reason: 'permission_missing' };
const noScope: Decision = { allowed: false, reason: 'insufficient_scope' };

/** Which action on something of one's own, and which one on everybody's. */
const onEverybodys: Partial<Record<Permission, Permission>> = {
  'execution:read': 'execution:read-all',
  'mcp:call': 'execution:manage',
};

const mcpWayOf: Partial<Record<Permission, McpWay>> = {
  'mcp:read': 'read',
  'mcp:write': 'write',
  'mcp:call': 'call',
  'mcp:register-command': 'register-command',
};

/** What the owner of an mcp may do with it who has `mcp:own`. Starting a program is not among it. */
const owned: ReadonlySet<Permission> = new Set(['mcp:read', 'mcp:write', 'mcp:call']);

/**
 * May this one do this with that? The only place where this is decided, for every way in: REST, WebSocket, server-sent
 * events, the command line and MCP. It looks at nothing but its arguments, so that the same question about the past, or
 * about roles that nobody has yet, has its answer here, too.
 */
export function authorize(asker: Asker, action: Permission, resource: Resource): Decision {
  const { actor, roles, scopes } = asker;
  if (!grants(grantsOf(asker.permissions ?? builtInPermissions(roles)), actor, action, resource)) {
    return noPermission;
  }
  if (scopes && !grants(grantsOf(scopes), actor, action, resource)) return noScope;
  return allow;
}

function grants(given: Grants, actor: string, action: Permission, resource: Resource): boolean {
  switch (resource.kind) {
    case 'everything':
      return given.has(action);
    case 'anything':
      return hasAny(given, action);
    case 'owned': {
      if (!hasAny(given, action)) return false;
      const everybodys = onEverybodys[action];
      return resource.owner === actor || (everybodys !== undefined && given.has(everybodys));
    }
    case 'mcp':
    case 'tool': {
      const way = mcpWayOf[action];
      if (way === undefined) return given.has(action);
      const { mcp } = resource;
      return (
        given.onMcp(way, mcp, resource.kind === 'tool' ? resource.tool : undefined) ||
        (mcp.owner === actor && mayOwn(given, action))
      );
    }
  }
}

function hasAny(given: Grants, action: Permission): boolean {
  const way = mcpWayOf[action];
  return given.has(action) || (way !== undefined && (given.hasAny(way) || mayOwn(given, action)));
}

function mayOwn(given: Grants, action: Permission): boolean {
  return owned.has(action) && given.has('mcp:own');
}
