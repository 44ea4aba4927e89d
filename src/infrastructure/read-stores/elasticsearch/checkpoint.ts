import { ModelUnusable } from '../../../ports/read-stores.ts';
import { fieldsOf, storedOf } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';
import type { IndexNames } from './names.ts';
import type { PendingChange } from './redo.ts';
import { replaceIfUnchanged, type Mark } from './replace.ts';
import { ownerOf, type OpenVersion } from './versions.ts';

/** What stands in a version's checkpoint. */
export interface Checkpoint {
  readonly position: number;
  /** Of the last change, pending or done. */
  readonly number: number;
  /** Its id. */
  readonly last: string;
  readonly pending: PendingChange | null;
}

/** A checkpoint as it was seen. */
export interface SeenCheckpoint extends Checkpoint {
  readonly mark: Mark;
}

/** @throws ModelUnusable there is none: the version is unfinished, or gone */
export async function readCheckpoint(
  connection: ElasticsearchConnection,
  names: IndexNames,
  version: OpenVersion,
): Promise<SeenCheckpoint> {
  const path = `/${names.checkpoints}/_doc/${version.incarnation}`;
  const stored = storedOf(await connection.askIfThere({ method: 'GET', path }));
  if (stored === undefined) {
    throw new ModelUnusable(`version ${version.version} of ${version.model} is unfinished or gone`);
  }
  const { position, number, last } = stored._source;
  return {
    position: Number(position),
    number: Number(number),
    last: String(last),
    pending: pendingOf(stored._source['pending']),
    mark: stored,
  };
}

/** @throws ElasticsearchFailure of kind `conflict` when it is not as it was seen, by now */
export async function writeCheckpoint(
  connection: ElasticsearchConnection,
  names: IndexNames,
  version: OpenVersion,
  seen: Mark | undefined,
  checkpoint: Checkpoint,
): Promise<SeenCheckpoint> {
  const { position, number, last, pending } = checkpoint;
  const document = { ...ownerOf(version), position, number, last, ...(pending && { pending }) };
  const mark = await replaceIfUnchanged(connection, names.checkpoints, version.incarnation, seen, document);
  return { ...checkpoint, mark };
}

function pendingOf(value: unknown): PendingChange | null {
  if (value === undefined || value === null) return null;
  const { id, to, number, redo, parts } = fieldsOf(value);
  return {
    id: String(id),
    to: Number(to),
    number: Number(number),
    redo: typeof redo === 'string' ? redo : null,
    parts: Number(parts),
  };
}
