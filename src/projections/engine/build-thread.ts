import { Worker } from 'node:worker_threads';
import type { Position } from '../../ports/event-store.ts';
import type { BuildMessage, BuildTask, RebuildSource } from './rebuild-parts.ts';

/** Of a thread's own heap; what SQLite takes is bounded by its cache. */
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

/** A task and who is told of it. */
export interface Job {
  readonly task: BuildTask;
  /** Told how far the work is, and how many events it has read. */
  onProgress(position: Position, events: number): void;
  done(): void;
  failed(error: BuildFailed): void;
}

/** A thread that fills read models, a group at a time. */
export interface BuildThread {
  /** Settles when every job has been told how it ended; false when the thread is of no further use. */
  run(jobs: readonly Job[]): Promise<boolean>;
  end(): Promise<void>;
}

export function startBuildThread(source: RebuildSource): BuildThread {
  const worker = new Worker(new URL('./rebuild.worker.ts', import.meta.url), {
    name: 'rebuild',
    workerData: source,
    resourceLimits: HEAP_MB,
  });
  let ended = false;
  worker.once('exit', () => (ended = true));
  // Who waits for jobs hears of it; without anybody waiting, it is no one's failure.
  worker.on('error', () => (ended = true));

  return {
    run: (jobs) =>
      new Promise((resolve) => {
        const open = new Map(jobs.entries());
        const finish = (usable: boolean): void => {
          worker.off('message', onMessage).off('error', onError).off('exit', onExit);
          resolve(usable);
        };
        const failAll = (message: string): void => {
          for (const job of open.values()) job.failed(new BuildFailed(message, null));
          finish(false);
        };
        const onMessage = (message: BuildMessage): void => {
          const job = open.get(message.index);
          if (message.kind === 'progress') return job?.onProgress(message.position, message.events);
          open.delete(message.index);
          if (message.kind === 'done') job?.done();
          else job?.failed(new BuildFailed(message.message, message.position));
          if (open.size === 0) finish(true);
        };
        const onError = (error: unknown): void => failAll(error instanceof Error ? error.message : String(error));
        const onExit = (code: number): void => failAll(`the thread ended with code ${code}`);
        if (ended) return failAll('the thread has ended');
        worker.on('message', onMessage).on('error', onError).on('exit', onExit);
        worker.postMessage(jobs.map(({ task }) => task));
      }),
    async end() {
      await worker.terminate();
    },
  };
}
