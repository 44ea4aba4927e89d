import type { AnyRow, ReadModel, RelationalModel, SearchModel } from '../../ports/read-model.ts';

type Fields = Readonly<Record<string, unknown>>;
type CellType = 'text' | 'integer' | 'real' | 'json';

/**
 * The row as every store of its model has it: half a surrogate pair that stands alone in a text becomes U+FFFD, as it
 * does in any database. What stores would bend (a fraction in an integer column, NaN), drop (a field without a column)
 * or could not hand back (an integer beyond 2^53) is refused. Done after each event, so that a fold goes on from the
 * same row whether it has it in memory or from the store, and the event that spoils a row is the one that is told.
 * @throws TypeError
 */
export function storableRow(model: ReadModel, row: AnyRow): AnyRow {
  // Whatever else a row has, its fields have names.
  const fields = row as AnyRow & Fields;
  switch (model.kind) {
    case 'relational':
      return storableRelational(model, fields);
    case 'search':
      return storableEntry(model, fields);
    case 'documents':
      requireJson(fields, row.id);
      return row;
  }
}

function storableRelational({ columns }: RelationalModel, row: AnyRow & Fields): AnyRow {
  const changed = storableCells(columns, row, row.id);
  requireNoOther(row, Object.keys(columns).length + 1, row.id);
  if (changed === undefined && row.id.isWellFormed()) return row;
  return { ...row, ...changed, id: row.id.toWellFormed() };
}

function storableEntry({ keywords: columns, ordinal }: SearchModel, row: AnyRow & Fields): AnyRow {
  const { id, text, keywords } = row;
  requireNoOther(row, 3, id);
  if (!isObject(keywords)) throw new TypeError(`entry ${id} has no keywords`);
  const changed = storableCells(columns, keywords, id);
  requireNoOther(keywords, Object.keys(columns).length, id);
  if (ordinal !== undefined && keywords[ordinal] === null) throw new TypeError(`entry ${id} has no ${ordinal}`);
  if (text !== null && typeof text !== 'string') throw new TypeError(`text of ${id} is ${describe(text)}, not text`);
  if (changed === undefined && id.isWellFormed() && (text === null || text.isWellFormed())) return row;
  return Object.assign(
    { id: id.toWellFormed() },
    { text: text?.toWellFormed() ?? null, keywords: { ...keywords, ...changed } },
  );
}

/** The cells that have to become others; undefined, as nearly always, when there are none. */
function storableCells(columns: Readonly<Record<string, CellType>>, cells: Fields, id: string): Fields | undefined {
  let changed: Record<string, unknown> | undefined;
  for (const name in columns) {
    const type = columns[name];
    const value = cells[name];
    if (value === null) continue;
    if (type === undefined || !fits(type, value)) {
      throw new TypeError(`${name} of ${id} is ${describe(value)}, not ${type ?? 'a column'}`);
    }
    if (typeof value === 'string' && !value.isWellFormed()) changed = { ...changed, [name]: value.toWellFormed() };
  }
  return changed;
}

function requireNoOther(fields: object, count: number, id: string): void {
  if (Object.keys(fields).length !== count) throw new TypeError(`${id} has a field that its model has no place for`);
}

function fits(type: CellType, value: unknown): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  return type === 'real' ? Number.isFinite(value) : typeof value === 'string';
}

/** Values that JSON text keeps as they are. */
function requireJson(value: unknown, id: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return;
  if (Array.isArray(value)) for (const element of value) requireJson(element, id);
  else if (isPlain(value)) for (const name in value) requireJson(value[name], id);
  else throw new TypeError(`document ${id} holds ${describe(value)}, which JSON does not`);
}

function isPlain(value: unknown): value is Fields {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function describe(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value;
}
