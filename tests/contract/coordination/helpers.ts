import { vi } from 'vitest';
import type { ChannelListener, Lease, Node } from '../../../src/ports/coordination.ts';

/** Waits until what is asked for holds; what it last said is told when it never does. */
export function until(assertion: () => unknown): Promise<unknown> {
  return vi.waitFor(assertion, { timeout: 15_000, interval: 5 });
}

/** The lease, which must be there. */
export function given(lease: Lease | undefined): Lease {
  if (lease === undefined) throw new Error('no lease was given');
  return lease;
}

export function ended(lease: Lease): Promise<void> {
  return new Promise((resolve) => {
    if (lease.lost.aborted) resolve();
    else lease.lost.addEventListener('abort', () => resolve());
  });
}

/** Stops the whole process, timers and sockets included, as a long pause of its machine does. */
export function pauseProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export function nodeNamed(id: string, roles: readonly string[] = ['api']): Node {
  return { id, roles, version: '1.2.3', startedAt: '2026-01-02T03:04:05.678Z' };
}

export interface Heard extends ChannelListener {
  readonly messages: string[];
  gaps: number;
}

/** A listener that writes down what it is told. */
export function heard(): Heard {
  const log: Heard = {
    messages: [],
    gaps: 0,
    message: (text) => void log.messages.push(text),
    gap: () => void (log.gaps += 1),
  };
  return log;
}
