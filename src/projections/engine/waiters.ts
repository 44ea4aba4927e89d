import type { Position } from '../../ports/event-store.ts';

/** Those who wait for a model to have taken in a position. */
export interface Waiters {
  /** Settles when the position is reached, or after `timeoutMs`. */
  wait(position: Position, timeoutMs: number): Promise<void>;
  reached(position: Position): void;
  /** Whether anybody waits. */
  any(): boolean;
  /** Lets everybody go. */
  close(): void;
}

interface Waiter {
  readonly position: Position;
  readonly go: () => void;
}

export function createWaiters(): Waiters {
  let waiting = new Set<Waiter>();

  function release(position: Position): void {
    for (const waiter of waiting) {
      if (waiter.position > position) continue;
      waiting.delete(waiter);
      waiter.go();
    }
  }

  return {
    wait: (position, timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(waiter);
          resolve();
        }, timeoutMs);
        const go = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const waiter: Waiter = { position, go };
        waiting.add(waiter);
      }),
    reached(position) {
      if (waiting.size > 0) release(position);
    },
    any: () => waiting.size > 0,
    close() {
      for (const { go } of waiting) go();
      waiting = new Set();
    },
  };
}
