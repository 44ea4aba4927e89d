import type { Position } from '../../ports/event-store.ts';
import type { RebuildStatus } from '../../ports/projection-control.ts';

/** What is known of one rebuild, from its start to long after its end. */
export interface RebuildRecord {
  readonly id: string;
  readonly version: number;
  progress(position: Position): void;
  succeed(): void;
  fail(message: string, position: Position | null): void;
  status(): RebuildStatus;
}

export function createRebuildRecord(options: {
  readonly id: string;
  readonly projection: string;
  readonly version: number;
  /** The log's head when it was asked for. */
  readonly total: Position;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}): RebuildRecord {
  const { id, projection, version, clock } = options;
  const startedAt = new Date(clock()).toISOString();
  let total = options.total;
  let done = 0;
  /** Waiting for a free thread is not part of the rate. */
  let workingSince: number | undefined;
  let finished:
    | { readonly at: string; readonly ms: number; readonly error: string | null; readonly position: Position | null }
    | undefined;

  function elapsedMs(): number {
    return workingSince === undefined ? 0 : Math.max(1, performance.now() - workingSince);
  }

  function finish(error: string | null, position: Position | null): void {
    finished = { at: new Date(clock()).toISOString(), ms: elapsedMs(), error, position };
  }

  return {
    id,
    version,
    progress(position) {
      workingSince ??= performance.now();
      done = Math.max(done, position);
      total = Math.max(total, done);
    },
    succeed: () => finish(null, null),
    fail: finish,
    status() {
      const ms = finished?.ms ?? elapsedMs();
      const eventsPerSecond = ms === 0 ? 0 : Math.round((done / ms) * 1000);
      const left = total - done;
      return {
        id,
        projection,
        version,
        status: finished === undefined ? 'running' : finished.error === null ? 'succeeded' : 'failed',
        done,
        total,
        eventsPerSecond,
        etaMs: finished !== undefined ? 0 : eventsPerSecond === 0 ? null : Math.round((left / eventsPerSecond) * 1000),
        startedAt,
        finishedAt: finished?.at ?? null,
        error: finished?.error ?? null,
        errorPosition: finished?.position ?? null,
      };
    },
  };
}
