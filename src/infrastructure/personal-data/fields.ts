/** An event's data, where it has fields. */
export type Data = Readonly<Record<string, unknown>>;

/** Under this name addresses are sealed, wherever they stand. */
export const addressField = 'address';

export function isData(data: unknown): data is Data {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

export function hasAny(data: unknown, fields: readonly string[]): boolean {
  return isData(data) && fields.some((field) => isThere(data[field]));
}

export function mapFields(
  data: Data,
  fields: readonly string[],
  change: (value: unknown, field: string) => unknown,
): Data {
  const present = fields.filter((field) => isThere(data[field]));
  return { ...data, ...Object.fromEntries(present.map((field) => [field, change(data[field], field)])) };
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
