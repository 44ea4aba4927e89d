import { Worker } from 'node:worker_threads';

/**
 * Pages of a write-ahead log (24 MB) that are worth a checkpoint. Not fewer: whoever writes next after a complete
 * checkpoint begins the log anew, and SQLite makes that writer wait for the disk once.
 */
const ENOUGH_PAGES = 6_000;

/** A log that could not be copied as a whole, because its writer did not pause, is left alone for so long. */
const AGAIN_AFTER_MS = 250;

/** A thread with nothing to do is let go after this time. */
const IDLE_MS = 30_000;

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
  /** Told after each change how many pages the database's log has. Costs nothing while they are few. */
  written(path: string, pages: number): void;
  /** Settles when the thread no longer has the database open, so that whoever closes it is the last to do so. */
  release(path: string): Promise<void>;
}

/** @param onError told of what failed; it is tried again when more is written */
export function createCheckpointThread(onError: (error: Error) => void): CheckpointThread {
  /** What the thread may have open, and when it may be asked to copy it next. */
  const handed = new Map<string, number>();
  const waiting = new Map<number, () => void>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;

  function ask(path: string, action: CheckpointRequest['action']): Promise<void> {
    const thread = worker ?? start();
    const request: CheckpointRequest = { id: ++lastId, path, action };
    clearTimeout(idle);
    idle = setTimeout(() => void rest(), IDLE_MS).unref();
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

  async function rest(): Promise<void> {
    clearTimeout(idle);
    await worker?.terminate();
  }

  async function checkpoint(path: string): Promise<void> {
    handed.set(path, Infinity);
    await ask(path, 'checkpoint');
    if (handed.has(path)) handed.set(path, performance.now() + AGAIN_AFTER_MS);
  }

  return {
    written(path, pages) {
      if (pages >= ENOUGH_PAGES && performance.now() >= (handed.get(path) ?? 0)) void checkpoint(path);
    },
    async release(path) {
      if (!handed.delete(path)) return;
      await ask(path, 'release');
      if (handed.size === 0) await rest();
    },
  };
}
