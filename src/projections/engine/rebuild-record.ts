import type { Position } from '../../ports/event-store.ts';
import type { RebuildStatus } from '../../ports/projection-control.ts';

/** What is known of one rebuild, from its start to long after its end. */
export interface RebuildRecord {
  readonly id: string;
  readonly version: number;
  /** @param events read so far, as far as that is known */
  progress(position: Position, events: number): void;
  succeed(): void;
  fail(message: string, position: Position | null): void;
  status(): RebuildStatus;
}

export function createRebuildRecord(options: {
  readonly id: string;
  readonly projection: string;
  readonly version: number;
  /** Of the log when the rebuild was asked for. */
  readonly head: Position;
  /** Positions do not count events: how many there are is estimated from those that were read. */
  readonly sparse: boolean;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}): RebuildRecord {
  const { id, projection, version, head, sparse, clock } = options;
  const startedAt = new Date(clock()).toISOString();
  let total = sparse ? 0 : head;
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
    progress(position, events) {
      workingSince ??= performance.now();
      done = Math.max(done, sparse ? events : position);
      if (sparse && position > 0) total = Math.round((done * Math.max(head, position)) / position);
      total = Math.max(total, done);
    },
    succeed() {
      total = done;
      finish(null, null);
    },
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
