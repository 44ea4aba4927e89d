import type { ExecutionError, ExecutionEvent, StoredResult } from '../../domain/execution/events.ts';
import { streamProjection } from '../folding/stream-row.ts';
import type { ExecutionRow } from './row.ts';

/**
 * One row for each call. The order in which calls were asked for is their order in the log, so lists are indexed by
 * position: it is unique, small, and always written at the end of the index.
 */
export const executions = streamProjection<ExecutionRow, ExecutionEvent>({
  name: 'executions',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'executions',
    columns: {
      mcp_id: 'text',
      mcp_name: 'text',
      mcp_version: 'integer',
      tool: 'text',
      arguments: 'json',
      arguments_size: 'integer',
      mode: 'text',
      status: 'text',
      result: 'json',
      result_size: 'integer',
      error: 'json',
      requested_by: 'text',
      requested_at: 'text',
      started_at: 'text',
      finished_at: 'text',
      duration_ms: 'integer',
      attempts: 'integer',
      timeout_ms: 'integer',
      replay_of: 'text',
      revision: 'integer',
      requested_position: 'integer',
      position: 'integer',
    },
    indexes: [
      ['requested_position'],
      ['requested_by', 'requested_position'],
      ['mcp_id', 'requested_position'],
      ['status', 'requested_position'],
    ],
  },
  types: [
    'ExecutionRequested',
    'ExecutionStarted',
    'ExecutionSucceeded',
    'ExecutionFailed',
    'ExecutionTimedOut',
    'ExecutionCancelled',
  ],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'ExecutionRequested') return undefined;
    const callArguments = JSON.stringify(data.arguments);
    return {
      id,
      mcp_id: data.mcpId,
      mcp_name: data.mcpName,
      mcp_version: data.mcpVersion,
      tool: data.tool,
      arguments: callArguments,
      arguments_size: callArguments.length,
      mode: data.mode,
      status: 'queued',
      result: null,
      result_size: 0,
      error: null,
      requested_by: data.requestedBy,
      requested_at: metadata.occurredAt,
      started_at: null,
      finished_at: null,
      duration_ms: null,
      attempts: 0,
      timeout_ms: data.timeoutMs,
      replay_of: data.replayOf ?? null,
      revision,
      requested_position: position,
      position,
    };
  },
  change(_row, { type, data, metadata }) {
    switch (type) {
      case 'ExecutionStarted':
        return { status: 'running', attempts: data.attempt, started_at: metadata.occurredAt };
      case 'ExecutionSucceeded':
        return { status: 'succeeded', ...ending(data, metadata.occurredAt), ...resultCells(data.result) };
      case 'ExecutionFailed': {
        const { error, result } = data;
        return { status: 'failed', ...ending(data, metadata.occurredAt, error), ...(result && resultCells(result)) };
      }
      case 'ExecutionTimedOut': {
        const message = `no answer came within ${data.timeoutMs} ms`;
        const error = { code: 'execution_timed_out', message };
        return { status: 'timed_out', ...ending(data, metadata.occurredAt, error) };
      }
      case 'ExecutionCancelled': {
        const error = { code: 'execution_cancelled', message: `cancelled by ${data.cancelledBy}` };
        return { status: 'cancelled', ...ending(data, metadata.occurredAt, error) };
      }
      case 'ExecutionRequested':
        return {};
    }
  },
});

function ending({ durationMs }: { readonly durationMs: number }, finishedAt: string, error?: ExecutionError) {
  return {
    finished_at: finishedAt,
    duration_ms: durationMs,
    error: error === undefined ? null : JSON.stringify(error),
  };
}

function resultCells(result: StoredResult) {
  const json = JSON.stringify(result);
  return { result: json, result_size: json.length };
}
