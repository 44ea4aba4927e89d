import type { Cell } from '../../../ports/read-model.ts';

type ColumnType = 'text' | 'integer' | 'real' | 'json';

/**
 * The value for a column, if reading it back will give the same one. What SQLite would bend (NaN to NULL, a number
 * into text) or could not hand back (an integer beyond 2^53) is refused: a row is the same whether its projector still
 * has it in memory or has to load it.
 * @throws TypeError
 */
export function cellOf(id: string, column: string, type: ColumnType, value: unknown): Cell {
  if (value === null) return null;
  if (type === 'integer' ? Number.isSafeInteger(value) : type === 'real' ? Number.isFinite(value) : isText(value)) {
    return value as Cell;
  }
  throw new TypeError(`${column} of ${id} is ${describe(value)}, not ${type}`);
}

/** @throws TypeError when there are more fields than columns to keep them */
export function requireFields(id: string, fields: object, count: number): void {
  const names = Object.keys(fields);
  if (names.length !== count) throw new TypeError(`${id} has ${names.length} fields for ${count} columns`);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.isWellFormed();
}

function describe(value: unknown): string {
  return typeof value === 'string' ? 'malformed text' : typeof value === 'number' ? String(value) : typeof value;
}
