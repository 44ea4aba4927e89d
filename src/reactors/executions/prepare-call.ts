import type { CommandContext } from '../../commands/context.ts';
import { demandOnMcp } from '../../commands/mcp-access.ts';
import { loadMcp, type McpDeps } from '../../commands/mcps.ts';
import { DomainError } from '../../domain/error.ts';
import type { ExecutionRequest } from '../../domain/execution/events.ts';
import type { ToolDefinition } from '../../domain/mcp/definition.ts';
import { versionOf } from '../../domain/mcp/decider.ts';
import type { VersionContent } from '../../domain/mcp/events.ts';
import type { Counted, ExecutionInput } from '../../ports/execution-runner.ts';
import type { Limiter } from '../../ports/limiter.ts';
import { SchemaUnusable, type SchemaValidator } from '../../ports/schema-validator.ts';
import type { ToolDiscovery } from '../../ports/tool-discovery.ts';

export interface PrepareDeps extends McpDeps {
  readonly discovery: ToolDiscovery<CommandContext>;
  readonly limits: Limiter;
  readonly schemas: SchemaValidator;
  readonly defaultTimeoutMs: number;
}

/**
 * Finds the version and the tool; asks the server what it offers if nobody has yet. Whoever asks for a call, and by which
 * way: here is decided whether he may, and here it is counted.
 */
export async function prepareCall(
  deps: PrepareDeps,
  context: CommandContext,
  input: ExecutionInput,
  counted?: Counted,
) {
  await demandOnMcp(deps, context, 'mcp:call', input.mcpId, `mcp-${input.mcpId}`, input.tool);
  let mcp = await loadMcp(deps, input.mcpId);
  if (mcp.status === 'retired') throw new DomainError('conflict', 'mcp_retired', 'this mcp is retired');
  const version = input.version ?? mcp.version;
  let content = versionOf(mcp, version);
  await count(deps.limits, context, { id: input.mcpId, name: mcp.definition.name }, input.tool, counted);
  if (content.offer === null && version === mcp.version) {
    await deps.discovery.discover(context, input.mcpId);
    mcp = await loadMcp(deps, input.mcpId);
    content = versionOf(mcp, version);
  }
  const request: ExecutionRequest = {
    mcpId: input.mcpId,
    mcpName: content.definition.name,
    mcpVersion: version,
    tool: input.tool,
    arguments: input.arguments,
    mode: 'sync',
    timeoutMs: input.timeoutMs ?? deps.defaultTimeoutMs,
    requestedBy: context.principal.actor,
    ...(input.replayOf === undefined ? {} : { replayOf: input.replayOf }),
  };
  return { request, tool: { content, definition: findTool(content, input.tool), failure: mcp.discoveryError } };
}

/** @throws RateLimited */
async function count(
  limits: Limiter,
  { principal, remoteAddress = '' }: CommandContext,
  mcp: { readonly id: string; readonly name: string },
  tool: string,
  counted: Counted | undefined,
): Promise<void> {
  const { actor, roles } = principal;
  const use = { routeClass: 'call', principal: actor, roles, address: remoteAddress, mcp, tool, cost: 1 } as const;
  const { budgets } = await limits.take(use, counted ? 'by-tool' : 'all');
  counted?.(budgets);
}

/** The tool of a call, and what is known about its server. */
export interface CalledTool {
  readonly content: VersionContent;
  /** Undefined while the server has never answered what it offers. */
  readonly definition: ToolDefinition | undefined;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

function findTool({ offer }: VersionContent, name: string): ToolDefinition | undefined {
  const tool = offer?.tools.find((candidate) => candidate.name === name);
  if (offer && !tool) {
    throw new DomainError('not_found', 'tool_not_found', `there is no tool ${JSON.stringify(name)}`, [
      { pointer: '/tool', detail: 'is not among the tools of this version' },
    ]);
  }
  return tool;
}

/** Why the call cannot begin; undefined when it can. */
export function refusalOf(deps: PrepareDeps, { definition, failure }: CalledTool, request: ExecutionRequest) {
  if (!definition) {
    const message = failure?.message ?? 'the server has not told its tools yet';
    return { code: failure?.code ?? 'upstream_unavailable', message };
  }
  try {
    const faults = deps.schemas.validate(definition.inputSchema, request.arguments);
    if (faults.length === 0) return undefined;
    const named = faults.map(({ pointer, detail }) => ({ pointer: `/arguments${pointer}`, detail }));
    return { code: 'invalid_arguments', message: 'the arguments do not fit the input schema', faults: named };
  } catch (error) {
    if (!(error instanceof SchemaUnusable)) throw error;
    return { code: 'tool_schema_unusable', message: `the input schema cannot be used: ${error.message}` };
  }
}
