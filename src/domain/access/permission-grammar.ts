import { permissions, type Permission } from './roles.ts';

/** What may be limited to one mcp, or to those that a pattern names: `mcp:<mcp>:<how>`. */
export const mcpWays = ['read', 'write', 'call', 'register-command'] as const;

export type McpWay = (typeof mcpWays)[number];

/** A permission as a role or a key lists it, taken apart. */
export type Grant =
  /** Of everything: `mcp:call`. */
  | { readonly scope: 'everything'; readonly action: Permission }
  /** Of some mcps and some of their tools: `mcp:github:call:create_*`. */
  | { readonly scope: 'mcp'; readonly way: McpWay; readonly mcp: string; readonly tool: string };

const longestMcp = 100;
const longestTool = 200;

const actions: ReadonlySet<string> = new Set(permissions);

/** Names that look the same are the same. */
export function mcpKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/**
 * Reads a permission:
 *
 *     permission = action | "mcp:" mcp ":" way | "mcp:" mcp ":call:" tool
 *     way        = "read" | "write" | "call" | "register-command"
 *     mcp        = 1 to 100 letters, digits, ". _ -", spaces and "*": an mcp's name (in any case) or its id
 *     tool       = 1 to 200 characters, "*" among them; the case counts
 *
 * `*` stands for any run of characters, also none. There is no other special character, and no way to take something away.
 * @returns the grant, or what is wrong with the text
 */
export function parsePermission(text: string): Grant | string {
  if (isPermission(text)) return { scope: 'everything', action: text };
  const [area, mcp, way, ...rest] = text.split(':');
  if (area !== 'mcp' || mcp === undefined || way === undefined) {
    return `is not a permission; it must be one of ${permissions.join(', ')}, or name an mcp as in "mcp:github:read"`;
  }
  if (mcp === '') return 'must name an mcp between the first two colons, or "*" for every one';
  if (mcp.length > longestMcp) return `must name an mcp in ${longestMcp} characters at most`;
  if (!/^[\p{L}\p{N}._ *-]+$/u.test(mcp)) return 'must name an mcp by letters, digits, ". _ -", spaces and "*"';
  if (!isMcpWay(way)) return `must say what may be done with the mcp: ${mcpWays.join(', ')}`;
  // Tools may have colons in their names.
  const tool = rest.length === 0 ? '*' : rest.join(':');
  if (rest.length > 0 && way !== 'call') return 'must end after the way: only "call" goes on with a tool';
  if (tool === '') return 'must name a tool after the last colon, or end before it for every tool';
  if (tool.length > longestTool) return `must name a tool in ${longestTool} characters at most`;
  if (/\p{Cc}/u.test(tool)) return 'must name a tool without control characters';
  if (`${mcp}:${tool}`.includes('**')) return 'must not have "**": one "*" says the same';
  return { scope: 'mcp', way, mcp: mcpKey(mcp), tool };
}

/** The one way in which a grant is written. */
export function permissionText(grant: Grant): string {
  if (grant.scope === 'everything') return grant.action;
  const { mcp, way, tool } = grant;
  return tool === '*' ? `mcp:${mcp}:${way}` : `mcp:${mcp}:${way}:${tool}`;
}

function isPermission(text: string): text is Permission {
  return actions.has(text);
}

function isMcpWay(text: string): text is McpWay {
  return mcpWays.some((way) => way === text);
}
