import { parentPort, workerData } from 'node:worker_threads';
import { buildModel } from './build-model.ts';
import { PoisonEvent } from './fold.ts';
import type { BuildMessage, BuildTask, OpenRebuildParts, RebuildSource } from './rebuild-parts.ts';

/** Progress is told at most so often, in milliseconds. */
const TELL_EVERY_MS = 100;

const source = workerData as RebuildSource;
const tell = (message: BuildMessage): void => parentPort?.postMessage(message);

// One task after the other: the next is sent when the answer to the last has come.
parentPort?.on('message', (task: BuildTask) => void carryOut(task));

async function carryOut(task: BuildTask): Promise<void> {
  try {
    const { openRebuildParts } = (await import(source.module)) as { readonly openRebuildParts: OpenRebuildParts };
    const parts = await openRebuildParts(source.settings);
    try {
      let toldAt = 0;
      await buildModel(parts, task, (position) => {
        const now = performance.now();
        if (now - toldAt < TELL_EVERY_MS) return;
        toldAt = now;
        tell({ kind: 'progress', position });
      });
    } finally {
      await parts.log.close();
    }
    tell({ kind: 'done' });
  } catch (error) {
    tell(failure(error));
  }
}

function failure(error: unknown): BuildMessage {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof PoisonEvent)) return { kind: 'failed', message, position: null };
  const { position, type } = error.event;
  return { kind: 'failed', message: `event ${position} (${type}) cannot be taken in: ${message}`, position };
}
