import type { DocumentRow } from '../../../ports/read-model.ts';
import type { DocumentQuery } from '../../../ports/read-models.ts';
import { indexable } from './document-rows.ts';

/** Those of all documents that a query asks for, as a server with the indexes would find them. */
export async function firstOf(
  documents: AsyncIterable<DocumentRow>,
  { equals, sort = [], limit }: DocumentQuery,
): Promise<readonly DocumentRow[]> {
  const wanted = Object.entries(equals);
  const order = [...sort, { field: 'id', direction: 'asc' } as const];
  let first: DocumentRow[] = [];
  const settle = (): void => {
    first = first.sort((a, b) => compareBy(order, a, b)).slice(0, limit);
  };
  for await (const document of documents) {
    if (wanted.some(([field, value]) => indexable(document[field]) !== value)) continue;
    first.push(document);
    // Only those that may be among the first are kept, however many are found.
    if (first.length >= 2 * limit + 100) settle();
  }
  settle();
  return first;
}

function compareBy(order: NonNullable<DocumentQuery['sort']>, a: DocumentRow, b: DocumentRow): number {
  for (const { field, direction } of order) {
    const difference = compare(indexable(a[field]), indexable(b[field]));
    if (difference !== 0) return direction === 'asc' ? difference : -difference;
  }
  return 0;
}

/** Absent values first, then numbers, then texts in byte order. */
function compare(a: string | number | null, b: string | number | null): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return rank(a) - rank(b);
}

function rank(value: string | number | null): number {
  if (value === null) return 0;
  return typeof value === 'number' ? 1 : 2;
}
