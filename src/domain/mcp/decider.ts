import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { McpDefinition, Offer, Transport } from './definition.ts';
import { canonicalJson } from './diff/canonical-json.ts';
import { offerChanges, sameOffer } from './diff/offer.ts';
import { toolChanges } from './diff/version-diff.ts';
import type { McpEvent, VersionContent } from './events.ts';
import type { PackagePin } from './packages.ts';
import { evolveMcp, unregistered, type McpState, type RegisteredMcp } from './state.ts';

export type McpCommand =
  | { readonly type: 'RegisterMcp'; readonly definition: McpDefinition }
  | { readonly type: 'ChangeMcp'; readonly definition: McpDefinition }
  /** `transport` is the one of that version, with what it had in clear in the keeping of secrets. */
  | { readonly type: 'RollBackMcp'; readonly toVersion: number; readonly transport?: Transport }
  | { readonly type: 'RetireMcp' }
  | { readonly type: 'RestoreMcp' }
  /** A person asked the server of `version` what it offers: what differs becomes the next version. */
  | { readonly type: 'PublishDiscoveredTools'; readonly version: number; readonly offer: Offer }
  | {
      readonly type: 'ReportFailedDiscovery';
      readonly version: number;
      readonly code: string;
      readonly message: string;
    }
  /** What stands behind the packages of a version. What was found first stays. */
  | { readonly type: 'PinPackages'; readonly version: number; readonly pin: PackagePin }
  /** The server was seen to offer this, unasked: a difference is recorded, not published. */
  | { readonly type: 'DetectDrift'; readonly version: number; readonly offer: Offer };

/** A server that turns everything around is not to fill the log with it: what it offers stands in the event as a whole. */
const mostChangesTold = 1000;

/** One managed MCP server: its versions, what it offers, and whether it may be called. */
export const mcpDecider: Decider<McpState, McpCommand, McpEvent> = {
  category: 'mcp',
  initialState: unregistered,
  evolve: evolveMcp,
  decide(command, state) {
    if (command.type === 'RegisterMcp') {
      if (state.status !== 'unregistered') throw new DomainError('conflict', 'mcp_exists', 'this mcp is registered');
      return [{ type: 'McpRegistered', data: { definition: command.definition } }];
    }
    const mcp = registered(state);
    switch (command.type) {
      case 'ChangeMcp':
        return change(active(mcp), command.definition);
      case 'RollBackMcp':
        return rollBack(active(mcp), command.toVersion, command.transport);
      case 'RetireMcp':
        return mcp.status === 'retired' ? [] : [{ type: 'McpRetired', data: {} }];
      case 'RestoreMcp':
        return mcp.status === 'active' ? [] : [{ type: 'McpRestored', data: {} }];
      case 'PublishDiscoveredTools':
        return publishDiscovered(mcp, command.version, command.offer);
      case 'ReportFailedDiscovery':
        return reportFailedDiscovery(mcp, command);
      case 'PinPackages':
        return versionOf(mcp, command.version).pin ? [] : [pinned(command.version, command.pin)];
      case 'DetectDrift':
        return detectDrift(mcp, command.version, command.offer);
    }
  },
};

function registered(state: McpState): RegisteredMcp {
  if (state.status === 'unregistered') throw new DomainError('not_found', 'mcp_not_found', 'no such mcp');
  return state;
}

function active(mcp: RegisteredMcp): RegisteredMcp {
  if (mcp.status === 'retired') {
    throw new DomainError('conflict', 'mcp_retired', 'this mcp is retired: restore it before changing it');
  }
  return mcp;
}

function change(mcp: RegisteredMcp, definition: McpDefinition): McpEvent[] {
  if (canonicalJson(definition) === canonicalJson(mcp.definition)) return [];
  const sameServer = canonicalJson(definition.transport) === canonicalJson(mcp.definition.transport);
  // Another launch means other packages; the same one means what it meant before.
  const content = { definition, offer: sameServer ? mcp.offer : null, ...(sameServer && pinOf(mcp)) };
  return [{ type: 'McpVersionPublished', data: { version: mcp.version + 1, reason: 'change', ...content } }];
}

function rollBack(mcp: RegisteredMcp, toVersion: number, transport?: Transport): McpEvent[] {
  const content = versionOf(mcp, toVersion);
  if (toVersion === mcp.version) {
    throw new DomainError('conflict', 'already_current', `version ${toVersion} is the current version`);
  }
  // The name is an mcp's identity to its callers, not content: rolling back keeps the one in use.
  const { name } = mcp.definition;
  const definition = { ...content.definition, name, ...(transport && { transport }) };
  return [
    {
      type: 'McpVersionPublished',
      data: {
        version: mcp.version + 1,
        reason: 'rollback',
        rolledBackTo: toVersion,
        definition,
        offer: content.offer,
        ...pinOf(content),
      },
    },
  ];
}

function publishDiscovered(mcp: RegisteredMcp, version: number, offer: Offer): McpEvent[] {
  // The answer came from a server that a newer version has replaced.
  if (version !== mcp.version) return [];
  if (mcp.offer === null) return [{ type: 'ToolsDiscovered', data: { version, offer } }];
  if (sameOffer(mcp.offer, offer)) {
    const wasOtherwise = mcp.discoveryError !== null || mcp.drift !== null;
    return wasOtherwise ? [{ type: 'ToolsDiscovered', data: { version, offer } }] : [];
  }
  const content = { definition: mcp.definition, offer, ...pinOf(mcp) };
  return [{ type: 'McpVersionPublished', data: { version: mcp.version + 1, reason: 'discovery', ...content } }];
}

function reportFailedDiscovery(
  mcp: RegisteredMcp,
  { version, code, message }: Extract<McpCommand, { type: 'ReportFailedDiscovery' }>,
): McpEvent[] {
  const known = mcp.discoveryError;
  if (version !== mcp.version || (known?.code === code && known.message === message)) return [];
  return [{ type: 'ToolDiscoveryFailed', data: { version, code, message } }];
}

function detectDrift(mcp: RegisteredMcp, version: number, offer: Offer): McpEvent[] {
  if (version !== mcp.version) return [];
  if (mcp.offer === null) return [{ type: 'ToolsDiscovered', data: { version, offer } }];
  // A server that has come back to what its version says has not drifted once more: its drift is over.
  if (sameOffer(mcp.offer, offer)) return mcp.drift ? [{ type: 'ToolsDiscovered', data: { version, offer } }] : [];
  if (mcp.drift && sameOffer(mcp.drift, offer)) return [];
  const changes = [...toolChanges(mcp.offer.tools, offer.tools).values()].flat().slice(0, mostChangesTold);
  return [{ type: 'ToolDefinitionDrifted', data: { version, offer, ...offerChanges(mcp.offer, offer), changes } }];
}

function pinned(version: number, pin: PackagePin): McpEvent {
  return { type: 'PackagesPinned', data: { version, pin } };
}

function pinOf({ pin }: VersionContent): Pick<VersionContent, 'pin'> {
  return pin === undefined ? {} : { pin };
}

/** Content of one version. @throws DomainError `version_not_found` */
export function versionOf(mcp: RegisteredMcp, version: number): VersionContent {
  const content = mcp.versions[version - 1];
  if (!content) throw new DomainError('not_found', 'version_not_found', `there is no version ${version}`);
  return content;
}
