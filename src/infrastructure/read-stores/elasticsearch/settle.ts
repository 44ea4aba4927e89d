import { bulk } from './bulk.ts';
import { readCheckpoint, writeCheckpoint, type SeenCheckpoint } from './checkpoint.ts';
import { deadLetters } from './dead-letters.ts';
import { documentId, documentOf } from './documents.ts';
import { isFailure } from './failure.ts';
import type { ElasticsearchPlace } from './place.ts';
import { forgetRedo, readRedo, type PendingChange, type Redo } from './redo.ts';
import type { OpenVersion } from './versions.ts';

/**
 * Carries out the change that a checkpoint's document names, if it names one, and moves the checkpoint behind it. Any
 * number of processes may do the same at once, and one that wakes up late does no harm: of each document the newer
 * one stays, and the checkpoint is only moved as it was seen.
 * @param known the parts of the change, where they need not be read
 */
export async function settle(
  place: ElasticsearchPlace,
  version: OpenVersion,
  seen: SeenCheckpoint,
  known?: Redo,
): Promise<SeenCheckpoint> {
  const { names, connection } = place;
  let checkpoint = seen;
  let redo = known;
  while (checkpoint.pending !== null) {
    const { pending } = checkpoint;
    await carryOut(place, version, pending, redo);
    redo = undefined;
    try {
      const { number, last } = checkpoint;
      const moved = { position: pending.to, number, last, pending: null };
      checkpoint = await writeCheckpoint(connection, names, version, checkpoint.mark, moved);
    } catch (error) {
      // Somebody else has moved it, or we have: the answer may have been lost.
      if (!isFailure(error, 'conflict')) throw error;
      checkpoint = await readCheckpoint(connection, names, version);
    }
    if (pending.parts > 0) await forgetRedo(connection, names, pending);
  }
  return checkpoint;
}

async function carryOut(
  { names, connection }: ElasticsearchPlace,
  version: OpenVersion,
  pending: PendingChange,
  known: Redo | undefined,
): Promise<void> {
  const letters = deadLetters(connection, names, version);
  for await (const redo of known === undefined ? readRedo(connection, names, pending) : [known]) {
    const writes = redo.rows.map(([id, after]) => ({
      id: documentId(id),
      document: documentOf(after),
      number: pending.number,
    }));
    await bulk(connection, version.alias, writes, { findable: pending.parts === 0 });
    await letters.write(redo.letters, pending.number);
  }
  // A position is only told when what it covers can be searched.
  if (pending.parts > 0) await connection.ask({ method: 'POST', path: `/${version.alias}/_refresh`, isLong: true });
}
