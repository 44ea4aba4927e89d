import { invalid } from '../invalid.ts';

/** Where a page ended: the values that its last item was sorted by. */
export type CursorValues = readonly (string | number)[];

const longest = 4096;

/**
 * The opaque text of a place in a list.
 * @param list names the list and its order, so that a cursor is never taken for a place in another one
 */
export function encodeCursor(list: string, values: CursorValues): string {
  return Buffer.from(JSON.stringify([list, ...values])).toString('base64url');
}

/** The values of a cursor of this very list. @throws DomainError `invalid_cursor` */
export function decodeCursor(list: string, cursor: string, count: number): CursorValues {
  const content = parse(cursor);
  if (content?.[0] !== list) throw invalid('invalid_cursor', '/cursor', 'is not a cursor of this list in this order');
  const values = content.slice(1).filter(isValue);
  if (content.length !== count + 1 || values.length !== count) throw malformed();
  return values;
}

function parse(cursor: string): readonly unknown[] | undefined {
  if (cursor.length > longest || !/^[\w-]+$/.test(cursor)) throw malformed();
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(content) ? content : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed();
    throw error;
  }
}

function isValue(value: unknown): value is string | number {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function malformed() {
  return invalid('invalid_cursor', '/cursor', 'must be the nextCursor of a page before, unchanged');
}
