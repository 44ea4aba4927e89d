import { escape } from 'mysql2';

/**
 * A value as SQL writes it, by the rules of the sql_mode that every connection sets. Anything but text, a number or
 * null is refused: the client library would make syntax of an object.
 * @throws TypeError
 */
export function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return Object.is(value, -0) ? '-0e0' : String(value);
  throw new TypeError(`${typeof value === 'number' ? String(value) : typeof value} is not a value of a column`);
}

export function literals(values: readonly unknown[]): string {
  return values.map(literal).join(',');
}

const PLACE = /\?|`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'/gs;

/** A statement with its values in the places of its question marks; those in names and texts stay. */
export function filled(sql: string, values: readonly unknown[]): string {
  let next = 0;
  const text = sql.replace(PLACE, (place) => (place === '?' ? literal(values[next++]) : place));
  if (next !== values.length) throw new TypeError(`${values.length} values for ${next} places`);
  return text;
}
