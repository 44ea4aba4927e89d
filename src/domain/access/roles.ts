/** What a principal may be allowed to do: `<what>:<how>`. Every route and every tool call names one. */
export const permissions = [
  'mcp:read',
  'mcp:write',
  /** Make the platform start a program: any change that leads to a stdio transport. */
  'mcp:register-command',
  'mcp:call',
  /** Register mcps, and read, change and call those that one has registered. */
  'mcp:own',
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
  /** Define, change and remove roles. */
  'role:manage',
  /** See and revoke other people's API keys. */
  'api-key:manage',
  /** See and end what other people let programs do. */
  'oauth-grant:manage',
  /** See which secrets there are, never what they hold: shared ones, and one's own. */
  'secret:read',
  /** Make secrets, and change and delete those that one has made. */
  'secret:write',
  /** Have other people's shared secrets sent to a server: name them in a transport. */
  'secret:use',
  /** Change and delete everybody's secrets, and see whose personal ones there are. */
  'secret:manage',
  'limit:read',
  /** Define, change and remove rules of rate limits. */
  'limit:manage',
  'system:read',
  'self:manage',
] as const;

export type Permission = (typeof permissions)[number];

export const roleNames = ['admin', 'operator', 'developer', 'auditor', 'viewer'] as const;

export type RoleName = (typeof roleNames)[number];

const viewer: readonly Permission[] = ['mcp:read', 'execution:read', 'self:manage'];
const developer: readonly Permission[] = [
  ...viewer,
  'mcp:write',
  'mcp:call',
  'mcp:own',
  'projection:read',
  'secret:read',
  'secret:write',
];

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
    'secret:use',
    'secret:manage',
    'limit:read',
    'limit:manage',
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
    'secret:read',
    'limit:read',
    'system:read',
  ],
  viewer,
};

export const roleDescriptions: Readonly<Record<RoleName, string>> = {
  admin: 'May do everything, and gives roles to others.',
  operator: 'Runs the platform: registers programs, sees and ends everybody’s calls, rebuilds read models.',
  developer: 'Registers, changes and calls mcps.',
  auditor: 'Sees everything that was done, and changes nothing.',
  viewer: 'Sees mcps and the own executions.',
};

/** The role of somebody who registered without being asked to. */
export const selfRegisteredRoles: readonly RoleName[] = ['developer'];

const together = new Map<string, readonly Permission[]>();

/** What built-in roles grant; other names grant nothing. The same list for the same roles. */
export function builtInPermissions(names: readonly string[]): readonly Permission[] {
  const known = roleNames.filter((name) => names.includes(name));
  const key = known.join();
  const list = together.get(key) ?? [...new Set(known.flatMap((name) => roles[name]))];
  together.set(key, list);
  return list;
}

export function isBuiltInRole(name: string): name is RoleName {
  return roleNames.some((one) => one === name);
}
