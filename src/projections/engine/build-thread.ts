import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Position } from '../../ports/event-store.ts';
import type { BuildMessage, BuildTask, RebuildSource } from './rebuild-parts.ts';

/** Of the worker's own heap; what SQLite takes is bounded by its cache. */
const HEAP_MB = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 };

/** A version could not be filled. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
  /** Of the event that could not be taken in; null when something else was in the way. */
  readonly position: Position | null;

  constructor(message: string, position: Position | null) {
    super(message);
    this.position = position;
  }
}

/** Threads that fill read models: as many at a time as there are processors. */
export interface BuildThreads {
  /** @throws BuildFailed */
  run(task: BuildTask, onProgress: (position: Position) => void): Promise<void>;
  /** Ends what runs; it fails with BuildFailed, and so does what still waits. */
  close(): Promise<void>;
}

export function createBuildThreads(source: RebuildSource, most = Math.max(1, availableParallelism())): BuildThreads {
  const running = new Set<Worker>();
  const waiting: (() => void)[] = [];
  let free = most;
  let closed = false;

  async function run(task: BuildTask, onProgress: (position: Position) => void): Promise<void> {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      if (closed) throw new BuildFailed('the read side is closing', null);
      await inThread(task, onProgress);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  }

  function inThread(task: BuildTask, onProgress: (position: Position) => void): Promise<void> {
    const worker = new Worker(new URL('./rebuild.worker.ts', import.meta.url), {
      name: `rebuild ${task.projection}`,
      workerData: { source, task },
      resourceLimits: HEAP_MB,
    });
    running.add(worker);
    return new Promise<void>((resolve, reject) => {
      worker.on('message', (message: BuildMessage) => {
        if (message.kind === 'progress') onProgress(message.position);
        else if (message.kind === 'done') resolve();
        else reject(new BuildFailed(message.message, message.position));
      });
      worker.on('error', (error: unknown) => {
        reject(new BuildFailed(error instanceof Error ? error.message : String(error), null));
      });
      // A thread that has told how it ended exits afterwards, and then this changes nothing.
      worker.on('exit', (code) => {
        running.delete(worker);
        reject(new BuildFailed(`the thread ended with code ${code}`, null));
      });
    });
  }

  return {
    run,
    async close() {
      closed = true;
      await Promise.all([...running].map((worker) => worker.terminate()));
    },
  };
}
