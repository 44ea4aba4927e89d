/**
 * Kinds of use that rules count. `auth`: requests that come before there is a principal, such as logging in, registering and
 * getting tokens. `login`: a password that was wrong. `stream`: opening a feed. `message`: one of a WebSocket.
 */
export const routeClasses = ['read', 'write', 'call', 'export', 'stream', 'message', 'auth', 'login'] as const;

export type RouteClass = (typeof routeClasses)[number];

/** What each has a budget of its own for. None of them: all share one. */
export const countedPer = ['principal', 'address', 'tool', 'account'] as const;

export type CountedPer = (typeof countedPer)[number];

/** What a rule says. In patterns `*` stands for any run of characters, as in permissions. */
export interface LimitContent {
  /** Stands in the headers of answers: 1 to 64 of a to z, 0 to 9, `_` and `-`. */
  readonly name: string;
  readonly description: string;
  readonly classes: readonly RouteClass[];
  /** One budget for each combination of these. */
  readonly per: readonly CountedPer[];
  /** What may be used within any window. */
  readonly limit: number;
  /** A whole number of seconds, in milliseconds. */
  readonly windowMs: number;
  readonly enabled: boolean;
  /** Whoever has one of these roles, or is one of these principals (patterns: `user:*`). Both empty: everybody. */
  readonly roles: readonly string[];
  readonly principals: readonly string[];
  /** Who is left out all the same. */
  readonly exceptRoles: readonly string[];
  readonly exceptPrincipals: readonly string[];
  /** Patterns `<mcp>:<tool>` or `<mcp>`: an mcp's name, in any case, or its id. Empty: every tool. */
  readonly tools: readonly string[];
}

export interface LimitRule extends LimitContent {
  readonly id: string;
}
