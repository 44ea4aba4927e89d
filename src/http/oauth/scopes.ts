import { permissions } from '../../domain/access/roles.ts';

/**
 * Scopes are permissions. A client that asks for none in particular is offered these to ask the user for: to see what
 * there is and to call it.
 */
export const defaultScopes: readonly string[] = ['mcp:read', 'mcp:call', 'execution:read'];

/** What metadata names. Narrower ones, such as `mcp:github:call:create_*`, are understood as well. */
export const namedScopes: readonly string[] = permissions;

const described: Readonly<Record<string, string>> = {
  'mcp:read': 'See MCP servers and their tools',
  'mcp:write': 'Register and change MCP servers',
  'mcp:register-command': 'Have this machine start programs',
  'mcp:call': 'Call tools',
  'mcp:own': 'Register MCP servers and use those that you registered',
  'execution:read': 'See your calls',
  'execution:read-all': 'See everybody’s calls',
  'execution:manage': 'Cancel everybody’s calls',
  'event:read': 'Follow the event log',
  'audit:read': 'Read the audit record',
  'audit:export': 'Export the audit record',
  'user:read': 'See users',
  'user:manage': 'Change users and their roles',
  'role:manage': 'Define roles',
  'oauth-grant:manage': 'See and end what everybody lets programs do',
  'self:manage': 'See your account',
};

/** A scope in words for the person who is asked for it. */
export function describeScope(scope: string): string {
  return described[scope] ?? 'A permission of this name';
}
