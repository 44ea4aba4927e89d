import type { AnyRow, ReadModel } from '../../ports/read-model.ts';

/**
 * The row with each half of a surrogate pair that stands alone replaced by U+FFFD, as every store would do: so a fold
 * that goes on from memory and one that goes on from the store go on from the same row. Documents are left as they
 * are, because JSON text keeps such halves.
 */
export function wellFormedRow(kind: ReadModel['kind'], row: AnyRow): AnyRow {
  return kind === 'documents' ? row : wellFormed(row);
}

function wellFormed<Value extends object>(value: Value): Value {
  let changed: Record<string, unknown> | undefined;
  for (const name in value) {
    const field: unknown = value[name];
    const good = isObject(field) ? wellFormed(field) : typeof field === 'string' ? field.toWellFormed() : field;
    if (good !== field) changed = { ...changed, [name]: good };
  }
  return changed === undefined ? value : { ...value, ...changed };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
