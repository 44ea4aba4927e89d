import type { ExecutionError, ExecutionMode, StoredResult } from '../../domain/execution/events.ts';
import type { ToolResult } from '../../domain/execution/result.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';

/** A call of a tool as its readers see it. */
export interface ExecutionResource {
  readonly id: string;
  readonly mcpId: string;
  readonly mcpName: string;
  readonly mcpVersion: number;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly mode: ExecutionMode;
  readonly status: ExecutionRow['status'];
  /** Absent while there is none, and where `resultRef` stands for it. */
  readonly result?: ToolResult | null;
  /**
   * Stands for a result that is not in this answer (then `result` is null): lists leave out all but small ones. The
   * execution itself has it.
   */
  readonly resultRef?: ResultRef;
  readonly error?: ExecutionError;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly attempts: number;
  readonly timeoutMs: number;
  /** The execution that this one repeats. */
  readonly replayOf?: string;
}

export interface ResultRef {
  /** Of the JSON text, where it is stored by its content; null where the event holds it. */
  readonly sha256: string | null;
  /** Bytes where stored by content, else UTF-16 units of JSON text. */
  readonly size: number;
}

/** Longer results (UTF-16 units of JSON) are left out of lists. */
export const resultLimitInLists = 4096;

/** Everything but the result. */
function withoutResult(row: ExecutionRow): ExecutionResource {
  return {
    id: row.id,
    mcpId: row.mcp_id,
    mcpName: row.mcp_name,
    mcpVersion: row.mcp_version,
    tool: row.tool,
    arguments: JSON.parse(row.arguments) as ExecutionResource['arguments'],
    mode: row.mode,
    status: row.status,
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as ExecutionError }),
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    durationMs: row.duration_ms,
    attempts: row.attempts,
    timeoutMs: row.timeout_ms,
    ...(row.replay_of === null ? {} : { replayOf: row.replay_of }),
  };
}

/** The execution in a list: `result` when it is small, `resultRef` when there is one that is not. */
export function toListedExecution(row: ExecutionRow): ExecutionResource {
  if (row.result_size === 0) return withoutResult(row);
  if (row.result === null) {
    return { ...withoutResult(row), result: null, resultRef: { sha256: null, size: row.result_size } };
  }
  const stored = JSON.parse(row.result) as StoredResult;
  if ('inline' in stored) return { ...withoutResult(row), result: stored.inline };
  return { ...withoutResult(row), result: null, resultRef: refOf(stored.blob) };
}

/**
 * The execution with its whole result, wherever that lies. Should the stored bytes be gone, the execution is still
 * told, with `resultRef` for what is missing. @throws StoreUnavailable
 */
export async function toExecution(blobs: BlobStore, row: ExecutionRow): Promise<ExecutionResource> {
  if (row.result === null) return withoutResult(row);
  const stored = JSON.parse(row.result) as StoredResult;
  if ('inline' in stored) return { ...withoutResult(row), result: stored.inline };
  const bytes = await blobs.get(stored.blob.sha256);
  if (!bytes) return { ...withoutResult(row), result: null, resultRef: refOf(stored.blob) };
  return { ...withoutResult(row), result: JSON.parse(new TextDecoder().decode(bytes)) as ToolResult };
}

function refOf({ sha256, size }: { readonly sha256: string; readonly size: number }): ResultRef {
  return { sha256, size };
}
