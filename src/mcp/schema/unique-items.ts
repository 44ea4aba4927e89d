import type { KeywordDefinition } from 'ajv';

/**
 * `uniqueItems` in time linear in the size of the array. Ajv's own compares every pair of items, which a long array turns
 * into minutes.
 */
export const uniqueItemsKeyword: KeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  validate: (unique: boolean, items: readonly unknown[]) =>
    !unique || new Set(items.map(canonical)).size === items.length,
  error: { message: 'must NOT have duplicate items' },
};

/** JSON with members in one order: equal values are written alike, whatever the order they came in. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.sort().join()}}`;
}
