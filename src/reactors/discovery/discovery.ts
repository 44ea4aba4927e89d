import { v7 as uuidv7 } from 'uuid';
import { derivedId } from '../../commands/derived-id.ts';
import { following, type CommandContext } from '../../commands/context.ts';
import {
  detectDrift,
  loadMcp,
  pinPackages,
  publishDiscoveredTools,
  reportFailedDiscovery,
  type McpDeps,
} from '../../commands/mcps.ts';
import type { Outcome } from '../../commands/transaction.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/error.ts';
import { versionOf } from '../../domain/mcp/decider.ts';
import type { VersionContent } from '../../domain/mcp/events.ts';
import { hiddenTextOf } from '../../domain/mcp/hidden-text.ts';
import type { PackagePin } from '../../domain/mcp/packages.ts';
import type { RegisteredMcp } from '../../domain/mcp/state.ts';
import type { PackagePins } from '../../ports/package-pins.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Discovered, ToolDiscovery } from '../../ports/tool-discovery.ts';
import { UpstreamError, type Upstreams, type UpstreamTarget } from '../../ports/upstream.ts';

const system: Principal = {
  actor: 'system:discovery',
  userId: null,
  tenant: 'default',
  roles: ['operator'],
  sessionId: null,
};

export interface DiscoveryDeps extends McpDeps {
  readonly upstreams: Upstreams;
  readonly packages: PackagePins;
  readonly logger: Logger;
  /** Milliseconds that a server has to answer all its lists. */
  readonly discoveryTimeoutMs: number;
}

/** Discovery when somebody asks, and detection of drift when a server says by itself that its lists have changed. */
export function createDiscovery(deps: DiscoveryDeps): ToolDiscovery<CommandContext> {
  deps.upstreams.onListChanged((target) => {
    lookForDrift(deps, target).catch((error: unknown) => {
      deps.logger.warn({ mcpId: target.mcpId, error: String(error) }, 'looking for drift failed');
    });
  });
  deps.upstreams.onToolsCompared((target, same) => {
    compareDrift(deps, target, same).catch((error: unknown) => {
      deps.logger.warn({ mcpId: target.mcpId, error: String(error) }, 'looking for drift failed');
    });
  });
  return {
    discover: (context, mcpId) => discover(deps, context, mcpId),
    pinOf: (context, mcpId, version, content) => pinOf(deps, context, mcpId, version, content),
  };
}

async function discover(deps: DiscoveryDeps, context: CommandContext, mcpId: string): Promise<Discovered> {
  const { status, version, versions, definition } = await loadMcp(deps, mcpId);
  if (status === 'retired') throw new DomainError('conflict', 'mcp_retired', 'this mcp is retired: restore it first');
  // Registering and discovering come from one request, and each is a command.
  const own = following(context, derivedId('discover', context.commandId));
  try {
    const caller = context.principal.actor;
    const content = versions[version - 1] ?? { definition, offer: null };
    const pin = await pinOf(deps, context, mcpId, version, content);
    const target = { mcpId, version, transport: definition.transport, caller, ...(pin && { pin }) };
    const offer = await deps.upstreams.discover(target, { timeoutMs: deps.discoveryTimeoutMs });
    const hidden = hiddenTextOf(offer);
    if (hidden.length > 0) deps.logger.warn({ mcpId, version, hidden }, 'a server hides text in what it offers');
    return discovered(await publishDiscoveredTools(deps, own, mcpId, version, offer));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    const { message } = error;
    // What ran out of time was no execution; to its callers the server is one that does not answer.
    const code = error.code === 'execution_timed_out' ? 'upstream_unavailable' : error.code;
    return discovered(await reportFailedDiscovery(deps, own, mcpId, { version, code, message }));
  }
}

async function pinOf(
  deps: DiscoveryDeps,
  context: CommandContext,
  mcpId: string,
  version: number,
  { pin, definition }: VersionContent,
): Promise<PackagePin | undefined> {
  if (pin !== undefined) return pin;
  const found = await deps.packages.resolve(definition.transport);
  if (found === undefined) return undefined;
  const own = following(context, derivedId(`pin ${version}`, context.commandId));
  const { state } = await pinPackages(deps, own, mcpId, version, found);
  return versionOf(state, version).pin;
}

function discovered({ state, revision, position }: Outcome<RegisteredMcp>): Discovered {
  return { version: state.version, revision, position };
}

/** Looks closer where the tools of a server are not, or no longer, as is recorded. */
async function compareDrift(deps: DiscoveryDeps, target: UpstreamTarget, same: boolean): Promise<void> {
  const { version, drift } = await loadMcp(deps, target.mcpId);
  if (version === target.version && (!same || drift !== null)) await lookForDrift(deps, target);
}

async function lookForDrift(deps: DiscoveryDeps, target: UpstreamTarget): Promise<void> {
  const offer = await deps.upstreams.discover(target, { timeoutMs: deps.discoveryTimeoutMs });
  const commandId = uuidv7();
  const context = { commandId, principal: system, correlationId: commandId };
  await detectDrift(deps, context, target.mcpId, target.version, offer);
}
