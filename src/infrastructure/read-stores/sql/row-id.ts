import { createHash } from 'node:crypto';

/** Where an id that is too long for a key stands whole. Its `$` keeps it apart from every column of a model. */
export const FULL_ID = 'id$full';

/** In UTF-16 units: 2,100 bytes at most, with room below the 3,072 that a key of InnoDB may have. */
const LONGEST = 700;
const KEPT = 600;

/** Stands in no text that people write. */
const MARK = '\uffff';

export function isLong(id: string): boolean {
  return id.length > LONGEST;
}

/**
 * What stands for an id in the key of its table: the id itself, or, when that is too long for a key, its beginning and
 * a hash of it. Order by key is order by id, but for long ids with the same beginning.
 */
export function rowKey(id: string): string {
  if (!isLong(id)) return id;
  return id.slice(0, KEPT).toWellFormed() + MARK + createHash('sha256').update(id).digest('hex');
}
