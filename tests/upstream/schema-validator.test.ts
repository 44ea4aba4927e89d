import { describe, expect, test } from 'vitest';
import { compileSchema } from '../../src/mcp/schema/compile-schema.ts';
import { createSchemaValidator } from '../../src/mcp/schema/schema-validator.ts';
import { SchemaUnusable } from '../../src/ports/schema-validator.ts';

const validator = createSchemaValidator();
const pointers = (schema: Record<string, unknown>, value: unknown) =>
  validator.validate(schema, value).map(({ pointer }) => pointer);

const draft07 = 'http://json-schema.org/draft-07/schema#';

describe('a value', () => {
  const schema = {
    type: 'object',
    properties: {
      city: { type: 'string', minLength: 2 },
      days: { type: 'integer', minimum: 1, maximum: 7 },
      unit: { enum: ['c', 'f'] },
      'a/b~c': { type: 'boolean' },
      when: { type: 'array', items: { type: 'string', format: 'date' }, uniqueItems: true },
    },
    required: ['city'],
    additionalProperties: false,
  };

  test('that fits has no faults', () => {
    expect(validator.validate(schema, { city: 'Bern', days: 3, unit: 'c', when: ['2026-07-28'] })).toEqual([]);
  });

  test('that does not fit has every fault named at its place', () => {
    const value = { days: 9, unit: 'k', 'a/b~c': 1, extra: true, when: ['2026-07-28', 'tomorrow'] };
    expect(validator.validate(schema, value)).toEqual(
      expect.arrayContaining([
        { pointer: '/city', detail: 'is required' },
        { pointer: '/days', detail: 'must be <= 7' },
        { pointer: '/unit', detail: 'must be one of "c", "f"' },
        { pointer: '/a~1b~0c', detail: 'must be boolean' },
        { pointer: '/extra', detail: 'is not a known field' },
        { pointer: '/when/1', detail: 'must match format "date"' },
      ]),
    );
    expect(validator.validate(schema, value)).toHaveLength(6);
  });

  test('is compared with others by content, in any order of members', () => {
    const unique = { type: 'array', uniqueItems: true };
    expect(
      pointers(unique, [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ]),
    ).toEqual(['']);
    expect(pointers(unique, [{ a: 1 }, [['a', 1]], { a: '1' }, 1, '1', null, 'null'])).toEqual([]);
  });

  test('that is large has its items compared without comparing every pair, and only its first fault told', () => {
    let reads = 0;
    const many = Array.from({ length: 10_000 }, (_, n) => {
      return Object.defineProperty({}, 'n', { enumerable: true, get: () => (reads++, n) });
    });
    expect(pointers({ type: 'array', uniqueItems: true, items: { type: 'object' } }, many)).toEqual([]);
    expect(reads).toBe(many.length);
    expect(pointers({ type: 'array', items: { type: 'string' } }, many)).toEqual(['/0']);
  });

  test('with many faults has at most fifty of them told', () => {
    const wrong = Array.from({ length: 500 }, () => 1);
    expect(pointers({ type: 'array', items: { type: 'string' } }, wrong)).toHaveLength(50);
  });

  test('with members named like those of every object is judged by its own members', () => {
    const schema = { type: 'object', properties: { __proto__: {}, constructor: { type: 'string' } } };
    expect(pointers(schema, JSON.parse('{"constructor":1}'))).toEqual(['/constructor']);
  });
});

describe('a dialect', () => {
  test('is 2020-12 when nothing is said', () => {
    const schema = { prefixItems: [{ type: 'string' }], items: false, dependentRequired: { a: ['b'] } };
    expect(validator.validate(schema, ['x', 1])).toEqual([{ pointer: '', detail: 'must NOT have more than 1 items' }]);
    expect(pointers(schema, { a: 1 })).toEqual(['/b']);
  });

  test('is the declared one', () => {
    const schema = { $schema: draft07, items: [{ type: 'string' }], additionalItems: false };
    expect(pointers(schema, ['x', 1])).toEqual(['']);
    expect(pointers({ $schema: 'https://json-schema.org/draft/2019-09/schema', $defs: { a: {} } }, 1)).toEqual([]);
  });

  test('of draft 7 is recognized where it is not declared', () => {
    expect(pointers({ items: [{ type: 'string' }] }, [1])).toEqual(['/0']);
  });

  test('that is not known makes the schema unusable', () => {
    expect(() => validator.validate({ $schema: 'http://json-schema.org/draft-04/schema#' }, 1)).toThrow(SchemaUnusable);
    expect(() => validator.validate({ $schema: 7 }, 1)).toThrow(/\$schema/);
  });
});

describe('a reference', () => {
  test('inside the schema is followed, in circles too', () => {
    const tree = {
      $ref: '#/$defs/node',
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, additionalProperties: false } },
    };
    expect(pointers(tree, { next: { next: {} } })).toEqual([]);
    expect(pointers(tree, { next: { next: { last: 1 } } })).toEqual(['/next/next/last']);
    expect(
      pointers({ type: 'object', properties: { self: { $ref: '#' } }, required: ['id'] }, { id: 1, self: {} }),
    ).toEqual(['/self/id']);
  });

  test.each([
    { $ref: 'https://example.com/schema.json' },
    { $ref: 'file:///etc/passwd' },
    { $ref: '#/$defs/nowhere' },
    { properties: { a: { $ref: 'other.json' } } },
  ])('%j that leads out of the schema makes it unusable', (schema) => {
    expect(() => validator.validate(schema, {})).toThrow(SchemaUnusable);
    expect(() => validator.validate(schema, {})).toThrow(/reference/);
  });

  test('to itself and nothing else is ended', () => {
    expect(() => validator.validate({ $ref: '#' }, 1)).toThrow(/refers to itself without end/);
  });

  // Two to the power of forty steps, and of sixty: if it were not ended, this test would not end either.
  test('that branches without end is ended', () => {
    const levels = Array.from({ length: 40 }, (_, level) => [
      `l${level}`,
      { anyOf: [{ $ref: `#/$defs/l${level + 1}` }, { $ref: `#/$defs/l${level + 1}` }] },
    ]);
    const schema = { $ref: '#/$defs/l0', $defs: { ...Object.fromEntries(levels), l40: { type: 'string' } } };
    expect(() => validator.validate(schema, 1)).toThrow(/takes longer/);
    // The same hidden in a keyword that nobody knows, and deep in the value.
    const hidden = {
      $ref: '#/x/a',
      x: { a: { properties: { a: { anyOf: [{ $ref: '#/x/a' }, { $ref: '#/x/a' }] } }, not: {} } },
    };
    const deep = Array.from({ length: 60 }).reduce((inner: unknown) => ({ a: inner }), {});
    expect(() => validator.validate(hidden, deep)).toThrow(/takes longer/);
  });

  test('of one schema does not reach into another', () => {
    const id = 'https://example.com/same';
    expect(pointers({ $id: id, $defs: { a: { type: 'string' } }, $ref: '#/$defs/a' }, 1)).toEqual(['']);
    expect(pointers({ $id: id, $defs: { a: { type: 'number' } }, $ref: '#/$defs/a' }, 1)).toEqual([]);
    expect(() => validator.validate({ $ref: id }, 1)).toThrow(SchemaUnusable);
  });
});

describe('a schema', () => {
  test.each([
    [{ type: 'strin' }, /no JSON Schema/],
    [{ minLength: 'long' }, /no JSON Schema/],
    [{ properties: [] }, /no JSON Schema/],
    [{ description: 'x'.repeat(300 * 1024) }, /larger than 256 KiB/],
    [Array.from({ length: 100 }).reduce((inner: object) => ({ not: inner }), {}), /nested deeper/],
    [
      { enum: Array.from({ length: 5000 }, () => ({ a: {} })), allOf: Array.from({ length: 4000 }, () => ({})) },
      /parts/,
    ],
    [{ pattern: 'x'.repeat(2000) }, /longer than 1000/],
    [{ pattern: '(' }, /cannot be used/],
    [{ pattern: '(?=look)ahead' }, /cannot be used/],
    [{ pattern: '(back)\\1' }, /cannot be used/],
    [{ pattern: '((a{100}){100}){100}' }, /cannot be used/],
    [{ patternProperties: { '(?<!x)y': {} } }, /cannot be used/],
    [{ const: { $ref: '#/const' } }, /looks like a reference/],
  ])('%# that cannot be used says why, each time', (schema, reason) => {
    for (const _ of [1, 2]) {
      expect(() => validator.validate(schema as Record<string, unknown>, {})).toThrow(SchemaUnusable);
      expect(() => validator.validate(schema as Record<string, unknown>, {})).toThrow(reason);
    }
  });

  // The engine of the language would try two to the power of fifty thousand ways, and this test would not end.
  test('with a pattern that would take exponential time elsewhere is checked all the same', () => {
    expect(pointers({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}b`)).toEqual(['']);
    expect(pointers({ pattern: '^\\p{L}+\\d\\/\\u4e00$' }, 'é7/一')).toEqual([]);
  });

  // By its pattern alone the URL would take a quarter of an hour, its square: longer than a test may.
  test.each([
    ['email', `a@${'a'.repeat(1_000_000)}`],
    ['url', `http://${':@'.repeat(500_000)}`],
    ['uri-template', '{'.repeat(1_000_000)],
    ['ipv6', ':'.repeat(1_000_000)],
  ])('with the format %s refuses a million characters without trying each against each', (format, value) => {
    expect(pointers({ format }, value)).toEqual(['']);
  });

  test('lets long data URIs pass as URIs', () => {
    expect(pointers({ format: 'uri' }, `data:text/plain;base64,${'QUJD'.repeat(10_000)}`)).toEqual([]);
  });

  test('that calls itself asynchronous is checked at once all the same', () => {
    expect(pointers({ $async: true, type: 'string' }, 1)).toEqual(['']);
  });

  test('with keywords and formats nobody knows ignores them', () => {
    expect(pointers({ type: 'string', 'x-order': 1, format: 'moon-phase', nullable: true }, 'new')).toEqual([]);
  });

  test('of a thousand properties is compiled and told in full', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `p${index}`);
    const schema = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) };
    expect(pointers(schema, { p0: 1, p999: 2 })).toEqual(['/p0', '/p999']);
    const large = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`q${index}`, 'x']));
    expect(pointers(schema, { ...large, p0: 1, p999: 2 })).toHaveLength(1);
  });

  describe('that was used before', () => {
    const make = (n = 0) => ({
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
      $comment: `${n}`,
    });
    function counting() {
      const compiled: string[] = [];
      const checks = createSchemaValidator((prepared, wanted) => {
        compiled.push(wanted);
        return compileSchema(prepared, wanted);
      });
      return { checks, compiled };
    }

    test('is not compiled again, whichever object holds it, and once more for a value that needs all its faults told', () => {
      const { checks, compiled } = counting();
      for (let round = 0; round < 100; round++) expect(checks.validate(make(), { a: 1 })).toEqual([]);
      expect(compiled).toEqual(['first']);
      for (let round = 0; round < 100; round++) expect(checks.validate(make(), { a: 'x' })).toHaveLength(1);
      expect(compiled).toEqual(['first', 'all']);
    });

    test('is known by its object, which is not read again', () => {
      const { checks } = counting();
      let reads = 0;
      const schema = Object.defineProperty(make(), 'title', { enumerable: true, get: () => (reads++, 'a title') });
      checks.validate(schema, { a: 1 });
      const before = reads;
      for (let round = 0; round < 100; round++) checks.validate(schema, { a: 1 });
      expect(before).toBeGreaterThan(0);
      expect(reads).toBe(before);
    });

    test('is forgotten when five hundred others were used since', () => {
      const { checks, compiled } = counting();
      for (let n = 0; n <= 500; n++) checks.validate(make(n), { a: 1 });
      checks.validate(make(1), { a: 1 });
      expect(compiled).toHaveLength(501);
      checks.validate(make(0), { a: 1 });
      expect(compiled).toHaveLength(502);
    });

    test('and cannot be used is not compiled again either', () => {
      const { checks, compiled } = counting();
      for (let round = 0; round < 3; round++) {
        expect(() => checks.validate({ pattern: '(' }, 'x')).toThrow(SchemaUnusable);
      }
      expect(compiled).toEqual(['first']);
    });
  });
});
