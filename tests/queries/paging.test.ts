import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/queries/paging/cursor.ts';
import { compareValues, parseSort } from '../../src/queries/paging/sort.ts';

const fields = {
  name: { column: 'name_key', type: 'text' },
  size: { column: 'bytes', type: 'integer' },
  createdAt: { column: 'created_position', type: 'integer', unique: true },
} as const;

describe('a sort parameter', () => {
  it('is an order of fields, made total by the id', () => {
    expect(parseSort(fields, '-name,size')).toMatchObject([
      { column: 'name_key', direction: 'desc' },
      { column: 'bytes', direction: 'asc' },
      { column: 'id', direction: 'desc' },
    ]);
  });

  it('ends with the first field of which no two rows have the same value', () => {
    expect(parseSort(fields, 'name,-createdAt,size').map(({ column }) => column)).toEqual([
      'name_key',
      'created_position',
    ]);
  });

  it.each(['', 'name,', '--name', 'bytes', 'name,-name', '__proto__', 'toString', 'name desc', 'name;drop'])(
    'is refused as %j',
    (sort) => {
      expect(() => parseSort(fields, sort)).toThrow('must name each once');
    },
  );
});

describe('a cursor', () => {
  it('gives back what it was made of, to the list that it was made for', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger());
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), fc.string(), (values, list) => {
        const cursor = encodeCursor(list, values);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(list, cursor, values.length)).toEqual(values.map((one) => one));
        expect(() => decodeCursor(`${list}x`, cursor, values.length)).toThrow('not a cursor of this list');
        expect(() => decodeCursor(list, cursor, values.length + 1)).toThrow('unchanged');
      }),
    );
  });

  it('is refused when it is anything else, always with the same kind of error', () => {
    const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), json), (text) => {
        expect(() => decodeCursor('list', text, 1)).toThrow(expect.objectContaining({ code: 'invalid_cursor' }));
      }),
    );
  });
});

describe('the order of values in memory', () => {
  it('is the order of their UTF-8 bytes, as stores have it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', 'é', '中', '\ue000', '\uffee', '🦊', '𝄞') });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareValues(a, b))).toBe(bytes);
      }),
    );
  });
});
