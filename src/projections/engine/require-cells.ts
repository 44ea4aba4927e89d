import type { AnyRow, ReadModel, SearchRow } from '../../ports/read-model.ts';

/**
 * Refuses a row with a value that its model has no place for, as its store would when the row is written. Done after
 * each event, so that the event that spoils a row is the one that is parked, whether or not a later event of the same
 * batch mends it.
 * @throws TypeError
 */
export function requireCells(model: ReadModel, row: AnyRow): void {
  if (model.kind === 'documents') return;
  const isSearch = model.kind === 'search';
  const types: Readonly<Record<string, string>> = isSearch ? model.keywords : model.columns;
  // A row of a model has its model's shape.
  const cells: Readonly<Record<string, unknown>> = isSearch ? (row as SearchRow).keywords : { ...row };
  for (const name in types) {
    const value = cells[name];
    if (value !== null && !fits(types[name], value)) {
      throw new TypeError(`${name} of ${row.id} is ${describe(value)}, not ${types[name] ?? ''}`);
    }
  }
}

function fits(type: string | undefined, value: unknown): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  return type === 'real' ? Number.isFinite(value) : typeof value === 'string';
}

function describe(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value;
}
