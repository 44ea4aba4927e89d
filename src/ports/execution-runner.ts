import type { RecordedEvent } from './event-store.ts';
import type { BudgetState } from './limiter.ts';
import type { Progress } from './upstream.ts';

/** A call of one tool, as a caller asks for it. */
export interface ExecutionInput {
  readonly mcpId: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Version of the mcp; absent: the newest. */
  readonly version?: number;
  readonly timeoutMs?: number;
  readonly replayOf?: string;
}

export type Counted = (budgets: readonly BudgetState[]) => void;

/** What the caller's command is known by: see `CommandContext` of the commands. */
export interface ExecutionRunner<Context> {
  /**
   * Runs a call to its end and answers its events, the last of which says how it ended. A call that fails is an answer,
   * not an error.
   * Each call is counted by the rules of rate limits, whatever way it came in.
   * @param counted only of a call that was counted on its way in, before its tool was known: told what is left of the
   *   budgets of the tool
   * @throws DomainError `mcp_not_found`, `mcp_retired`, `version_not_found`, `tool_not_found`; RateLimited; StoreUnavailable
   */
  run(context: Context, input: ExecutionInput, counted?: Counted): Promise<readonly RecordedEvent[]>;
  /** Ends a call that runs or waits. @throws DomainError `execution_not_found`, `execution_finished` */
  cancel(context: Context, executionId: string): Promise<readonly RecordedEvent[]>;
  /** Told of the progress of a running call until the returned function is called. */
  onProgress(executionId: string, listener: (progress: Progress) => void): () => void;
  /** Refuses new calls, and answers when those that run have ended or `timeoutMs` is over; the rest is cancelled then. */
  drain(timeoutMs: number): Promise<void>;
}
