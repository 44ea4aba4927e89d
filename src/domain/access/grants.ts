import { createGlobIndex, type GlobIndex } from './glob-index.ts';
import { mcpKey, mcpWays, parsePermission, type Grant, type McpWay } from './permission-grammar.ts';
import type { McpSubject } from './resource.ts';
import type { Permission } from './roles.ts';

/** A list of permissions, made ready for many questions. */
export interface Grants {
  readonly has: (action: Permission) => boolean;
  /** Whether it lets somebody do this with any mcp at all. */
  readonly hasAny: (way: McpWay) => boolean;
  /** @param tool absent: the mcp as a whole, for which every rule on it counts that is not about single tools */
  readonly onMcp: (way: McpWay, mcp: Pick<McpSubject, 'id' | 'name'>, tool?: string) => boolean;
  /** Patterns of the mcps that it lets somebody do this with, besides what it allows for all. */
  readonly mcpPatterns: (way: McpWay) => readonly string[];
}

/** Of some mcps: whether all of their tools, and which. */
interface ToolRules {
  all: boolean;
  readonly some: GlobIndex<true>;
}

const compiled = new WeakMap<readonly string[], Grants>();

/**
 * What a list of permissions grants. It is worked out once for each list: principals with the same roles share theirs, and
 * a change of roles makes a new one. A text that is no permission grants nothing.
 */
export function grantsOf(list: readonly string[]): Grants {
  const known = compiled.get(list);
  if (known) return known;
  const grants = compile(list.map(parsePermission).filter((grant) => typeof grant !== 'string'));
  compiled.set(list, grants);
  return grants;
}

function compile(list: readonly Grant[]): Grants {
  const actions = new Set<Permission>();
  const byWay = new Map<McpWay, GlobIndex<ToolRules>>(mcpWays.map((way) => [way, createGlobIndex()]));
  for (const grant of list) {
    if (grant.scope === 'everything') actions.add(grant.action);
    else {
      const rules = byWay.get(grant.way)?.at(grant.mcp, () => ({ all: false, some: createGlobIndex() }));
      if (!rules) continue;
      if (grant.tool === '*') rules.all = true;
      else rules.some.at(grant.tool, () => true);
    }
  }
  const has = (action: Permission): boolean => actions.has(action);
  return {
    has,
    hasAny: (way) => has(`mcp:${way}`) || (byWay.get(way)?.patterns().length ?? 0) > 0,
    onMcp(way, { id, name }, tool) {
      if (has(`mcp:${way}`)) return true;
      const rules = byWay.get(way);
      if (!rules) return false;
      const fits = ({ all, some }: ToolRules) => all || (tool !== undefined && some.some(tool, () => true));
      return rules.some(mcpKey(name), fits) || rules.some(id, fits);
    },
    mcpPatterns: (way) => byWay.get(way)?.patterns() ?? [],
  };
}
