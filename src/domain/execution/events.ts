import type { DomainEvent } from '../event.ts';
import type { ToolResult } from './result.ts';

/** A result that stands in the event, or the place of one that is too large for it. */
export type StoredResult =
  | { readonly inline: ToolResult }
  | { readonly blob: { readonly sha256: string; readonly size: number; readonly mediaType: string } };

export interface ExecutionError {
  /** Stable snake_case. */
  readonly code: string;
  readonly message: string;
  readonly faults?: readonly { readonly pointer: string; readonly detail: string }[];
}

export type ExecutionMode = 'sync' | 'async';

export interface ExecutionRequest {
  readonly mcpId: string;
  readonly mcpName: string;
  readonly mcpVersion: number;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly mode: ExecutionMode;
  readonly timeoutMs: number;
  readonly requestedBy: string;
  /** The execution that this one repeats. */
  readonly replayOf?: string;
}

export type ExecutionRequested = DomainEvent<'ExecutionRequested', ExecutionRequest>;
export type ExecutionStarted = DomainEvent<'ExecutionStarted', { readonly attempt: number }>;
export type ExecutionSucceeded = DomainEvent<
  'ExecutionSucceeded',
  { readonly result: StoredResult; readonly durationMs: number }
>;
export type ExecutionFailed = DomainEvent<
  'ExecutionFailed',
  /** `result` is there when the tool itself answered `isError`. */
  { readonly error: ExecutionError; readonly result?: StoredResult; readonly durationMs: number }
>;
export type ExecutionTimedOut = DomainEvent<
  'ExecutionTimedOut',
  { readonly timeoutMs: number; readonly durationMs: number }
>;
export type ExecutionCancelled = DomainEvent<
  'ExecutionCancelled',
  { readonly cancelledBy: string; readonly durationMs: number }
>;

export type ExecutionEvent =
  ExecutionRequested | ExecutionStarted | ExecutionSucceeded | ExecutionFailed | ExecutionTimedOut | ExecutionCancelled;
