import type { Offer, ToolDefinition, Transport } from '../domain/mcp/definition.ts';
import type { PackagePin } from '../domain/mcp/packages.ts';
import type { ToolResult } from '../domain/execution/result.ts';

/** One version of one mcp, as far as reaching it goes. Connections are shared by everything that names the same version. */
export interface UpstreamTarget {
  readonly mcpId: string;
  readonly version: number;
  readonly transport: Transport;
  /** For whom it is reached, as events name him. It matters where the transport asks for secrets of the caller's own. */
  readonly caller?: string;
  /** What stands behind the packages that the transport starts. */
  readonly pin?: PackagePin;
}

export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export interface CallOptions {
  /** Milliseconds until the call fails with `execution_timed_out`; upstream is told to cancel. */
  readonly timeoutMs: number;
  /** Aborting fails the call with `execution_cancelled`; upstream is told to cancel. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface UpstreamLogLine {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly text: string;
}

export interface UpstreamStatus {
  readonly mcpId: string;
  readonly version: number;
  readonly state: 'connecting' | 'connected' | 'backing_off' | 'closed';
  readonly inFlight: number;
  readonly lastError?: string;
}

/** Connections to MCP servers: opened when first needed, kept, shared, reopened with backoff, closed when idle. */
export interface Upstreams {
  /** Asks for everything the server offers, every page. @throws UpstreamError */
  discover(target: UpstreamTarget, options: CallOptions): Promise<Offer>;
  /**
   * Calls one tool. A result with `isError` is a result, not an error. With the tools that the version has, the call is made
   * only where the server says of this tool what the version says: it is asked on connecting, and again after it said that its
   * tools have changed. @throws UpstreamError
   */
  callTool(
    target: UpstreamTarget,
    call: {
      readonly name: string;
      readonly arguments: Readonly<Record<string, unknown>>;
      readonly approved?: readonly ToolDefinition[];
    },
    options: CallOptions,
  ): Promise<ToolResult>;
  /** Ends the connections to an mcp, of all its versions; what is in flight fails with `upstream_disconnected`. */
  disconnect(mcpId: string): Promise<void>;
  /** Lets what uses this secret end its calls, and connect anew with what the secret is now. */
  secretChanged(secretId: string): void;
  /** What a stdio server last wrote to its standard error, oldest first, bounded. */
  logs(mcpId: string): readonly UpstreamLogLine[];
  status(): readonly UpstreamStatus[];
  /** Called when a server says that its lists have changed. */
  onListChanged(listener: (target: UpstreamTarget) => void): void;
  /** Called when the tools of a server were compared with those of its version: once for each list that it answers. */
  onToolsCompared(listener: (target: UpstreamTarget, same: boolean) => void): void;
  close(): Promise<void>;
}

export type UpstreamErrorCode =
  /** No connection could be made, or the handshake failed. */
  | 'upstream_unavailable'
  /** The connection ended while the call was in flight. */
  | 'upstream_disconnected'
  /** The server answered what the protocol does not allow. */
  | 'upstream_protocol_error'
  /** The server answered with a JSON-RPC error. */
  | 'upstream_error'
  | 'result_too_large'
  /** The server says of the tool something else than its version does. */
  | 'tool_quarantined'
  | 'execution_timed_out'
  | 'execution_cancelled'
  /** The address or command is not allowed by the operator's settings; the message names the setting. */
  | 'upstream_refused';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly code: UpstreamErrorCode;

  constructor(code: UpstreamErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
