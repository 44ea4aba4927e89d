import { DomainError } from '../domain/error.ts';
import { mcpDecider } from '../domain/mcp/decider.ts';
import type { McpState, RegisteredMcp } from '../domain/mcp/state.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';
import { demandRevision } from './precondition-failed.ts';

/** The mcp as of its last event. @throws DomainError `mcp_not_found` */
export async function loadMcp(deps: CommandDeps, id: string): Promise<RegisteredMcp> {
  const { state } = await load(deps.store, deps.aggregates, mcpDecider, `mcp-${id}`);
  return presentMcp(state);
}

/** @throws DomainError `mcp_not_found` */
export function presentMcp(state: McpState): RegisteredMcp {
  if (state.status === 'unregistered') throw new DomainError('not_found', 'mcp_not_found', 'no such mcp');
  return state;
}

/** Goes on only when the mcp is at the revision that the caller saw, if he says one. @throws PreconditionFailed */
export async function demandMcpRevision(deps: CommandDeps, context: CommandContext, id: string): Promise<void> {
  const { revision } = await load(deps.store, deps.aggregates, mcpDecider, `mcp-${id}`);
  demandRevision(context, revision);
}
