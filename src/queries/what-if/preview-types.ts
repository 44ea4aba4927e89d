import type { Position } from '../../ports/event-store.ts';

/** How something was decided, or would be. */
export interface Decided {
  readonly allowed: boolean;
  /** `permission_missing`, `insufficient_scope` or `rate_limited`; null: allowed. */
  readonly reason: string | null;
  /** Name of the rule that had no room. */
  readonly rule: string | null;
}

export interface Outcome {
  readonly then: Decided;
  readonly would: Decided;
}

/** A recorded call that would have been decided differently. */
export interface Difference extends Outcome {
  readonly position: Position;
  readonly at: string;
  readonly actor: string;
  readonly via: string | null;
  /** The permission that was in question. */
  readonly action: string;
  /** What it was asked of: a route, or a stream. */
  readonly resource: string;
  readonly mcpId: string | null;
  readonly mcp: string | null;
  readonly tool: string | null;
}

export interface Preview {
  readonly items: readonly Difference[];
  /** Of the calls that this answer looked at. */
  readonly totals: {
    readonly calls: number;
    readonly allowed: number;
    readonly denied: number;
    readonly wouldBeAllowed: number;
    readonly wouldBeDenied: number;
    /** The record does not tell enough to decide them again. */
    readonly undecided: number;
    readonly differences: number;
  };
  readonly progress: {
    /** The range begins beyond this position. */
    readonly after: Position;
    /** Everything up to here was looked at. */
    readonly position: Position;
    /** The last position of the range. */
    readonly through: Position;
    readonly complete: boolean;
    /** Why it stopped before the end: the page was full, or so many calls were decided, or nobody waited any more. */
    readonly stopped: 'limit' | 'calls' | 'cancelled' | null;
  };
  readonly nextCursor: string | null;
}
