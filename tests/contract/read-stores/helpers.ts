import type { AnyRow, DeadLetter, ModelChange, ModelStore, RowChange } from '../../../src/ports/read-model.ts';

export const insert = (after: AnyRow): RowChange<AnyRow> => ({ id: after.id, before: undefined, after });
export const update = (before: AnyRow, after: AnyRow): RowChange<AnyRow> => ({ id: after.id, before, after });
export const remove = (before: AnyRow): RowChange<AnyRow> => ({ id: before.id, before, after: undefined });

/** Writes rows that are not there yet, and moves the checkpoint on by one. */
export async function write(store: ModelStore<AnyRow>, rows: readonly AnyRow[]): Promise<void> {
  const from = await store.checkpoint();
  await store.apply({ from, to: from + 1, rows: rows.map(insert) });
}

export async function rowsOf(store: ModelStore<AnyRow>): Promise<AnyRow[]> {
  const rows: AnyRow[] = [];
  for await (const row of store.rows()) rows.push(row);
  return rows;
}

export function letter(stream: string, position: number, fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    stream,
    position,
    type: 'Broken',
    error: 'broken',
    attempts: 3,
    parkedAt: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

/** The order of ids that a store promises: by code units, as JavaScript and SQLite compare them below the surrogates. */
export function byId(a: AnyRow, b: AnyRow): number {
  return Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
}

export type Change = ModelChange<AnyRow>;
