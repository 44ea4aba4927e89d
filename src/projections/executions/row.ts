import type { ExecutionMode } from '../../domain/execution/events.ts';
import type { StreamRow } from '../folding/stream-row.ts';

/** One call of one tool. A type and not an interface, so that it is a row of cells. */
export type ExecutionRow = StreamRow & {
  readonly mcp_id: string;
  readonly mcp_name: string;
  readonly mcp_version: number;
  readonly tool: string;
  /** JSON. */
  readonly arguments: string;
  /** Length of `arguments`, so that a list knows it without reading it. */
  readonly arguments_size: number;
  readonly mode: ExecutionMode;
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out';
  /** JSON: StoredResult. */
  readonly result: string | null;
  readonly result_size: number;
  /** JSON: ExecutionError. */
  readonly error: string | null;
  readonly requested_by: string;
  readonly requested_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly duration_ms: number | null;
  readonly attempts: number;
  readonly timeout_ms: number;
  readonly replay_of: string | null;
  readonly requested_position: number;
};
