import { authorize } from '../domain/access/authorize.ts';
import { everything, type McpSubject, type Resource } from '../domain/access/resource.ts';
import type { Permission } from '../domain/access/roles.ts';
import { DomainError } from '../domain/error.ts';
import { mcpDecider } from '../domain/mcp/decider.ts';
import type { CommandContext } from './context.ts';
import { demand } from './denials.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';

/** An mcp as permissions look at it, as of its last event. @throws DomainError `mcp_not_found` */
export async function mcpSubject(deps: CommandDeps, id: string): Promise<McpSubject> {
  const { state } = await load(deps.store, deps.aggregates, mcpDecider, `mcp-${id}`);
  if (state.status === 'unregistered') throw mcpNotFound();
  return { id, name: state.definition.name, owner: await registeredBy(deps, id) };
}

/**
 * Goes on only when the principal may do this with the mcp, or with one tool of it; else the denial is recorded first. An
 * mcp that he may not even read is to him as if it did not exist.
 * @param named as the record calls it: a route or a stream
 * @throws DomainError `mcp_not_found`, `permission_missing`, `insufficient_scope`
 */
export async function demandOnMcp(
  deps: CommandDeps,
  context: CommandContext,
  action: Permission,
  id: string,
  named: string,
  tool?: string,
): Promise<void> {
  const { principal } = context;
  // Most may do it with every mcp, and nothing has to be known of this one.
  if (authorize(principal, action, everything).allowed) return;
  const mcp = await mcpSubject(deps, id);
  const resource: Resource = tool === undefined ? { kind: 'mcp', mcp } : { kind: 'tool', mcp, tool };
  const seen = authorize(principal, 'mcp:read', { kind: 'mcp', mcp }).allowed;
  const hidden = seen ? undefined : mcpNotFound();
  await demand(deps, context, action, named, resource, hidden);
}

/** Goes on only when the principal may have an mcp of this name: one that is new, or that takes the name from now on. */
export async function demandName(
  deps: CommandDeps,
  context: CommandContext,
  id: string,
  name: string,
  isNew: boolean,
): Promise<void> {
  const { principal } = context;
  if (authorize(principal, 'mcp:write', everything).allowed) return;
  const owner = isNew ? principal.actor : await registeredBy(deps, id);
  await demand(deps, context, 'mcp:write', `mcp-${id}`, { kind: 'mcp', mcp: { id, name, owner } });
}

function mcpNotFound(): DomainError {
  return new DomainError('not_found', 'mcp_not_found', 'no such mcp');
}

async function registeredBy(deps: CommandDeps, id: string): Promise<string | null> {
  const [first] = await deps.store.readStream(`mcp-${id}`, { limit: 1 });
  return first?.metadata.actor ?? null;
}
