import { Worker } from 'node:worker_threads';

/** How often write-ahead logs are looked after, in milliseconds. */
const EVERY_MS = 500;

/** Changes that may wait: a few megabytes of log. Fewer are not worth a thread. */
const ENOUGH = 2_000;

/** A thread with nothing to do is let go after this many rounds. */
const IDLE_ROUNDS = 60;

export interface CheckpointRequest {
  readonly id: number;
  readonly path: string;
  readonly action: 'checkpoint' | 'release';
}

export interface CheckpointAnswer {
  readonly id: number;
  readonly error?: string;
}

/**
 * Copies write-ahead logs into their databases in a thread of its own. A checkpoint waits for the disk several times;
 * the thread that projects and serves would wait with it.
 */
export interface CheckpointThread {
  /** Says that so many rows of a database have changed. Costs nothing. */
  written(path: string, rows: number): void;
  /** Settles when the thread no longer has the database open, so that whoever closes it is the last to do so. */
  release(path: string): Promise<void>;
}

/** @param onError told of what failed; it is tried again when more is written */
export function createCheckpointThread(onError: (error: Error) => void): CheckpointThread {
  /** Rows changed since the last checkpoint, by path. */
  const changed = new Map<string, number>();
  /** What the thread may have open. */
  const handed = new Set<string>();
  const waiting = new Map<number, () => void>();
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;
  let idleRounds = 0;

  function ask(path: string, action: CheckpointRequest['action']): Promise<void> {
    const thread = worker ?? start();
    const request: CheckpointRequest = { id: ++lastId, path, action };
    return new Promise((resolve) => {
      waiting.set(request.id, resolve);
      thread.postMessage(request);
    });
  }

  function start(): Worker {
    const thread = new Worker(new URL('./checkpoint.worker.ts', import.meta.url), {
      name: 'read model checkpoints',
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    thread.unref();
    thread.on('message', ({ id, error }: CheckpointAnswer) => {
      if (error !== undefined) onError(new Error(`a read model could not be checkpointed: ${error}`));
      settle(id);
    });
    thread.on('error', (error: unknown) => onError(error instanceof Error ? error : new Error(String(error))));
    thread.on('exit', () => {
      if (worker === thread) worker = undefined;
      handed.clear();
      for (const id of waiting.keys()) settle(id);
    });
    worker = thread;
    return thread;
  }

  function settle(id: number): void {
    waiting.get(id)?.();
    waiting.delete(id);
  }

  function round(): void {
    idleRounds++;
    if (waiting.size > 0) return;
    for (const [path, rows] of changed) {
      if (rows < ENOUGH) continue;
      idleRounds = 0;
      changed.delete(path);
      handed.add(path);
      void ask(path, 'checkpoint');
    }
    if (idleRounds > IDLE_ROUNDS) void rest();
  }

  async function rest(): Promise<void> {
    clearInterval(timer);
    timer = undefined;
    await worker?.terminate();
  }

  return {
    written(path, rows) {
      changed.set(path, (changed.get(path) ?? 0) + rows);
      timer ??= setInterval(round, EVERY_MS).unref();
    },
    async release(path) {
      changed.delete(path);
      if (handed.delete(path)) await ask(path, 'release');
      if (handed.size === 0 && changed.size === 0) await rest();
    },
  };
}
