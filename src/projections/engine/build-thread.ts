import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Position } from '../../ports/event-store.ts';
import type { BuildMessage, BuildTask, RebuildSource } from './rebuild-parts.ts';

/** Of a thread's own heap; what SQLite takes is bounded by its cache. */
const HEAP_MB = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16 };

const CLOSING = 'the read side is closing';

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

/** Threads that fill read models: as many at a time as there are processors, and none when there is nothing to do. */
export interface BuildThreads {
  /** @throws BuildFailed */
  run(task: BuildTask, onProgress: (position: Position) => void): Promise<void>;
  /** Ends what runs; it fails with BuildFailed, and so does what still waits. */
  close(): Promise<void>;
}

export function createBuildThreads(source: RebuildSource, most = Math.max(1, availableParallelism())): BuildThreads {
  const threads = new Set<Worker>();
  /** Those who wait for a thread, each to be given one that has just become free, or none and the right to start one. */
  let waiting: PromiseWithResolvers<Worker | undefined>[] = [];
  let busy = 0;
  let closed = false;

  async function acquire(): Promise<Worker> {
    if (closed) throw new BuildFailed(CLOSING, null);
    if (busy < most) {
      busy++;
      return start();
    }
    const turn = Promise.withResolvers<Worker | undefined>();
    waiting.push(turn);
    return (await turn.promise) ?? start();
  }

  /** Starting a thread costs a quarter of a second of work, so one that did well goes on with the next task. */
  function release(thread: Worker, usable: boolean): void {
    const next = waiting.shift();
    if (next === undefined) busy--;
    next?.resolve(usable ? thread : undefined);
    if (next === undefined || !usable) void thread.terminate();
  }

  function start(): Worker {
    const thread = new Worker(new URL('./rebuild.worker.ts', import.meta.url), {
      name: 'rebuild',
      workerData: source,
      resourceLimits: HEAP_MB,
    });
    threads.add(thread);
    thread.once('exit', () => threads.delete(thread));
    return thread;
  }

  return {
    async run(task, onProgress) {
      const thread = await acquire();
      let usable = false;
      try {
        await inThread(thread, task, onProgress);
        usable = true;
      } finally {
        release(thread, usable);
      }
    },
    async close() {
      closed = true;
      for (const { reject } of waiting) reject(new BuildFailed(CLOSING, null));
      waiting = [];
      await Promise.all([...threads].map((thread) => thread.terminate()));
    },
  };
}

function inThread(thread: Worker, task: BuildTask, onProgress: (position: Position) => void): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onMessage = (message: BuildMessage): void => {
      if (message.kind === 'progress') return onProgress(message.position);
      leave();
      if (message.kind === 'done') resolve();
      else reject(new BuildFailed(message.message, message.position));
    };
    const onError = (error: unknown): void => {
      leave();
      reject(new BuildFailed(error instanceof Error ? error.message : String(error), null));
    };
    const onExit = (code: number): void => {
      leave();
      reject(new BuildFailed(`the thread ended with code ${code}`, null));
    };
    const leave = (): void => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    thread.postMessage(task);
  });
}
