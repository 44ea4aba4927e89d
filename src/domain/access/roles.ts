/** What a principal may be allowed to do: `<what>:<how>`. Every route and every tool call names one. */
export const permissions = [
  'mcp:read',
  'mcp:write',
  /** Make the platform start a program: any change that leads to a stdio transport. */
  'mcp:register-command',
  'mcp:call',
  'execution:read',
  /** See other people's executions. */
  'execution:read-all',
  /** Cancel other people's executions. */
  'execution:manage',
  'event:read',
  'audit:read',
  'audit:export',
  'projection:read',
  'projection:manage',
  'user:read',
  'user:manage',
  'role:read',
  'system:read',
  'self:manage',
] as const;

export type Permission = (typeof permissions)[number];

export const roleNames = ['admin', 'operator', 'developer', 'auditor', 'viewer'] as const;

export type RoleName = (typeof roleNames)[number];

const viewer: readonly Permission[] = ['mcp:read', 'execution:read', 'self:manage'];
const developer: readonly Permission[] = [...viewer, 'mcp:write', 'mcp:call', 'projection:read'];

/** The built-in roles. */
export const roles: Readonly<Record<RoleName, readonly Permission[]>> = {
  admin: permissions,
  operator: [
    ...developer,
    'mcp:register-command',
    'execution:read-all',
    'execution:manage',
    'event:read',
    'audit:read',
    'projection:manage',
    'system:read',
    'user:read',
    'role:read',
  ],
  developer,
  auditor: [
    ...viewer,
    'execution:read-all',
    'event:read',
    'audit:read',
    'audit:export',
    'projection:read',
    'user:read',
    'role:read',
    'system:read',
  ],
  viewer,
};

/** The role of somebody who registered without being asked to. */
export const selfRegisteredRoles: readonly RoleName[] = ['developer'];
