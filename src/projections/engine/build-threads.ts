import { availableParallelism } from 'node:os';
import { BuildFailed, startBuildThread, type BuildThread, type Job } from './build-thread.ts';
import type { BuildTask, RebuildSource } from './rebuild-parts.ts';

/** How long tasks are waited for that could share a reading of the log. */
const GATHER_MS = 20;

/** Threads that fill read models: as many at a time as there are processors, and none when there is nothing to do. */
export interface BuildThreads {
  /** @param weight how much of the log the model reads, by any measure @throws BuildFailed */
  run(task: BuildTask, weight: number, onProgress: Job['onProgress']): Promise<void>;
  /** Ends what runs; it fails with BuildFailed, and so does what still waits. */
  close(): Promise<void>;
}

interface Waiting extends Job {
  readonly weight: number;
}

/**
 * Tasks that come together are dealt to the free threads, so that each thread has about the same to do and reads the
 * log once for all of its models: reading costs about as much as one model's writing.
 */
export function createBuildThreads(source: RebuildSource, most = Math.max(1, availableParallelism())): BuildThreads {
  const threads = new Set<BuildThread>();
  let waiting: readonly Waiting[] = [];
  let dealing: NodeJS.Timeout | undefined;
  let closed = false;

  function deal(): void {
    dealing = undefined;
    const groups = grouped(waiting, most - threads.size);
    const dealt = new Set(groups.flat());
    waiting = waiting.filter((job) => !dealt.has(job));
    for (const group of groups) void work(startBuildThread(source), group);
  }

  /** Starting a thread costs a quarter of a second of work, so one that did well goes on with what waits. */
  async function work(thread: BuildThread, first: readonly Waiting[]): Promise<void> {
    threads.add(thread);
    let jobs: readonly Waiting[] | undefined = first;
    while (jobs !== undefined && (await thread.run(jobs)) && !closed) {
      [jobs] = grouped(waiting, 1);
      const dealt = new Set(jobs);
      waiting = waiting.filter((job) => !dealt.has(job));
    }
    await thread.end();
    threads.delete(thread);
    if (waiting.length > 0) dealing ??= setTimeout(deal);
  }

  return {
    run: (task, weight, onProgress) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new BuildFailed(CLOSING, null));
        waiting = [...waiting, { task, weight, onProgress, done: resolve, failed: reject }];
        dealing ??= setTimeout(deal, GATHER_MS);
      }),
    async close() {
      closed = true;
      clearTimeout(dealing);
      for (const job of waiting) job.failed(new BuildFailed(CLOSING, null));
      waiting = [];
      await Promise.all([...threads].map((thread) => thread.end()));
    },
  };
}

const CLOSING = 'the read side is closing';

/** Deals jobs into at most so many groups of about equal weight. One that goes on from a checkpoint stands alone. */
function grouped(jobs: readonly Waiting[], most: number): readonly (readonly Waiting[])[] {
  const groups: { readonly jobs: Waiting[]; weight: number; readonly alone: boolean }[] = [];
  for (const job of [...jobs].sort((a, b) => b.weight - a.weight)) {
    const alone = job.task.from === 'checkpoint';
    const lightest = groups.filter((group) => !group.alone).sort((a, b) => a.weight - b.weight)[0];
    if (groups.length < most) groups.push({ jobs: [job], weight: job.weight, alone });
    else if (lightest !== undefined && !alone) {
      lightest.jobs.push(job);
      lightest.weight += job.weight;
    }
  }
  return groups.map((group) => group.jobs);
}
