import { sql } from 'kysely';
import { DomainError } from '../../domain/error.ts';
import type { Moment, QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import type { ListedRow, ListModel } from '../lists/model.ts';
import { resolveAsOf } from './as-of.ts';
import { foldRow, foldStream } from './fold.ts';

/** Which rows, and the code that says one of them is not there. */
export type RowKind<Row extends ListedRow> = Pick<ListModel<Row>, 'projection' | 'category'> & {
  readonly notFoundCode: string;
};

/**
 * The row of a stream, now or as it was: from the read model, or folded from the beginning of its stream.
 * @throws DomainError `<kind>_not_found`, `revision_not_found`, `invalid_revision`, `invalid_as_of`, `as_of_in_future`
 */
export async function rowAt<Row extends ListedRow>(
  deps: QueryDeps,
  kind: RowKind<Row>,
  id: string,
  { asOf, revision }: Moment,
): Promise<Row> {
  if (asOf !== undefined && revision !== undefined) {
    throw invalid('invalid_revision', '/revision', 'cannot be given together with asOf');
  }
  if (asOf !== undefined) {
    const position = await resolveAsOf(deps, asOf);
    const row = await foldRow(deps.store, kind.projection, `${kind.category}-${id}`, { position });
    if (!row) throw notFound(kind, ` at position ${position}`);
    return row;
  }
  if (revision !== undefined) return rowAtRevision(deps, kind, id, revision);
  const row = await presentRow(deps, kind, id);
  if (!row) throw notFound(kind);
  return row;
}

/** The row in the live model; undefined when it is not there. */
export async function presentRow<Row extends ListedRow>(
  deps: QueryDeps,
  { projection }: Pick<RowKind<Row>, 'projection'>,
  id: string,
): Promise<Row | undefined> {
  const query = sql<Row>`select * from ${sql.table(projection.name)} where id = ${id}`;
  return (await query.execute(deps.models.relational(projection.name))).rows[0];
}

/** The refusal for a row that is not there. */
export function notFound({ notFoundCode }: { readonly notFoundCode: string }, when = ''): DomainError {
  const what = notFoundCode.replace('_not_found', '');
  return new DomainError('not_found', notFoundCode, `there is no such ${what}${when}`);
}

async function rowAtRevision<Row extends ListedRow>(
  deps: QueryDeps,
  kind: RowKind<Row>,
  id: string,
  revision: number,
): Promise<Row> {
  if (!Number.isSafeInteger(revision) || revision < 0) {
    throw invalid('invalid_revision', '/revision', 'must be a whole number, 0 for the first');
  }
  const folded = await foldStream(deps.store, kind.projection, `${kind.category}-${id}`, { revision });
  const row = folded.rows.get(id);
  if (!row) throw notFound(kind);
  if (folded.revision < revision) {
    throw new DomainError('not_found', 'revision_not_found', `the newest revision is ${folded.revision}`);
  }
  return row;
}
