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
}
