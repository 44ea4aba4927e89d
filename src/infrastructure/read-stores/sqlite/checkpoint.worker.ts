import { DatabaseSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import type { CheckpointAnswer, CheckpointRequest } from './checkpoint-thread.ts';

/** Tries to come level with a writer that does not pause; what is left waits for the next request. */
const ROUNDS = 4;

const open = new Map<string, DatabaseSync>();
const answer = (message: CheckpointAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', ({ id, path, action }: CheckpointRequest) => {
  try {
    if (action === 'checkpoint') checkpoint(path);
    else release(path);
    answer({ id });
  } catch (error) {
    answer({ id, error: error instanceof Error ? error.message : String(error) });
  }
});

/** Copies the write-ahead log into the database, waiting for nobody and making nobody wait. */
function checkpoint(path: string): void {
  const db = open.get(path) ?? new DatabaseSync(path, { timeout: 0 });
  if (!open.has(path)) db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256');
  open.set(path, db);
  for (let round = 0; round < ROUNDS; round++) {
    const result = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    if (result?.['log'] === result?.['checkpointed']) return;
  }
}

function release(path: string): void {
  open.get(path)?.close();
  open.delete(path);
}
