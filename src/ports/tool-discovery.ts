import type { VersionContent } from '../domain/mcp/events.ts';
import type { PackagePin } from '../domain/mcp/packages.ts';
import type { Position, Revision } from './event-store.ts';

export interface Discovered {
  /** The newest version of the mcp, which has the answer. */
  readonly version: number;
  readonly revision: Revision;
  readonly position: Position;
}

/** Asks MCP servers what they offer and keeps the answer. */
export interface ToolDiscovery<Context> {
  /**
   * Asks the server of the newest version, and publishes what it answers: as this version's offer the first time, as the
   * next version when it differs. A server that cannot be reached is recorded, not thrown.
   * @throws DomainError `mcp_not_found`, `mcp_retired`; StoreUnavailable
   */
  discover(context: Context, mcpId: string): Promise<Discovered>;
  /**
   * What stands behind the packages that a version starts; found out and recorded when nobody has yet. Undefined when it
   * starts none.
   * @throws UpstreamError they cannot be found, or may not be used; DomainError, StoreUnavailable
   */
  pinOf(context: Context, mcpId: string, version: number, content: VersionContent): Promise<PackagePin | undefined>;
}
