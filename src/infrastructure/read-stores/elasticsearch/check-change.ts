import type { AnyRow, ModelChange, SearchModel, SearchRow } from '../../../ports/read-model.ts';
import { requireTaken } from './documents.ts';
import type { RowReads } from './rows.ts';

/** Finds out, before anything is written, whether rows are as a change says. @throws Error they are not; TypeError */
export async function checkChange(model: SearchModel, reads: RowReads, change: ModelChange<AnyRow>): Promise<void> {
  if (change.rows.length === 0) return;
  checkRows(model, change);
  const present = await reads.present(change.rows.map(({ id }) => id));
  for (const { id, before } of change.rows) {
    if (before === undefined && present.has(id)) throw new Error(`there is a row ${id} already`);
    if (before !== undefined && !present.has(id)) throw new Error(`there is no row ${id} to change`);
  }
  await checkOrdinals(model, reads, change);
}

/** What can be seen of the change alone. @throws Error; TypeError a row is not taken */
export function checkRows(model: SearchModel, change: ModelChange<AnyRow>): void {
  const { ordinal } = model;
  const seen = new Set<string>();
  for (const { id, before, after } of change.rows) {
    if (seen.has(id)) throw new Error(`${id} is changed twice`);
    seen.add(id);
    if (after === undefined) continue;
    if (after.id !== id) throw new Error(`the change of ${id} is one of ${after.id}`);
    requireTaken(model, rowIn(after));
    if (ordinal === undefined) continue;
    const place = rowIn(after).keywords[ordinal];
    if (typeof place !== 'number') throw new TypeError(`entry ${id} has no ${ordinal}`);
    if (before !== undefined && rowIn(before).keywords[ordinal] !== place) {
      throw new Error(`the ${ordinal} of ${id} cannot change`);
    }
  }
}

/** The ordinal is another number for each entry. */
async function checkOrdinals(model: SearchModel, reads: RowReads, { rows }: ModelChange<AnyRow>): Promise<void> {
  const { ordinal } = model;
  if (ordinal === undefined) return;
  const added = rows.flatMap(({ before, after }) =>
    before === undefined && after !== undefined ? [rowIn(after)] : [],
  );
  if (added.length === 0) return;
  const places = added.map(({ keywords }) => Number(keywords[ordinal]));
  if (new Set(places).size < places.length) throw new Error(`two entries of the change have the same ${ordinal}`);
  const removed = new Set(rows.flatMap(({ id, after }) => (after === undefined ? [id] : [])));
  const taken = (await reads.idsAt(places)).find((id) => !removed.has(id));
  if (taken !== undefined) throw new Error(`the ${ordinal} of ${taken} is given to another entry`);
}

/** A search model's rows come from its own projection. */
function rowIn(row: AnyRow): SearchRow {
  return row as SearchRow;
}
