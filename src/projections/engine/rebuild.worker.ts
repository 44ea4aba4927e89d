import { parentPort, workerData } from 'node:worker_threads';
import { buildModels, catchUp, projectionOf, type BuildReport } from './build-models.ts';
import { PoisonEvent } from './fold.ts';
import type { BuildMessage, BuildOutcome, BuildTask, OpenRebuildParts, RebuildSource } from './rebuild-parts.ts';

/** Progress is told at most so often, in milliseconds. */
const TELL_EVERY_MS = 100;

const source = workerData as RebuildSource;
const tell = (message: BuildMessage): void => parentPort?.postMessage(message);

// The next tasks are sent when every one of these has been answered.
parentPort?.on('message', (tasks: readonly BuildTask[]) => void carryOut(tasks));

async function carryOut(tasks: readonly BuildTask[]): Promise<void> {
  const open = new Set(tasks.keys());
  const told = new Map<number, number>();
  const end = (index: number, outcome: BuildOutcome): void => {
    if (open.delete(index)) tell({ index, ...outcome });
  };
  const report: BuildReport = {
    progress(index, position, events) {
      const now = performance.now();
      if (now - (told.get(index) ?? -Infinity) < TELL_EVERY_MS) return;
      told.set(index, now);
      tell({ index, kind: 'progress', position, events });
    },
    done: (index) => end(index, { kind: 'done' }),
    failed: (index, error) => end(index, failure(error)),
  };
  try {
    const { openRebuildParts } = (await import(source.module)) as { readonly openRebuildParts: OpenRebuildParts };
    const parts = await openRebuildParts(source.settings as never);
    try {
      const [first] = tasks;
      if (first?.from === 'checkpoint') {
        await catchUp(parts, projectionOf(parts, first), first, (position, events) =>
          report.progress(0, position, events),
        );
        report.done(0);
      } else await buildModels(parts, tasks, report);
    } finally {
      await parts.log.close();
      await parts.close?.();
    }
  } catch (error) {
    for (const index of open) end(index, failure(error));
  }
}

function failure(error: unknown): BuildOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof PoisonEvent)) return { kind: 'failed', message, position: null };
  const { position, type } = error.event;
  return { kind: 'failed', message: `event ${position} (${type}) cannot be taken in: ${message}`, position };
}
