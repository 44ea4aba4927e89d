import { describe, expect, it } from 'vitest';
import type { BreakingCode } from '../../../src/domain/mcp/diff/codes.ts';
import { diffVersions } from '../../../src/domain/mcp/diff/version-diff.ts';
import { taking, withX } from './given.ts';

/** Rule, schema before, schema after, codes from before to after, codes on the way back. */
type Row = readonly [string, unknown, unknown, readonly BreakingCode[], readonly BreakingCode[]];

const no: readonly BreakingCode[] = [];
const unproven = ['input_not_comparable'] as const;
const text = { type: 'string' };
const node = (more: object) => ({
  type: 'object',
  properties: { next: { $ref: '#/$defs/node' }, ...more },
});

const aboutArguments: readonly Row[] = [
  ['an optional argument', withX(text), { type: 'object', properties: { x: text, y: text } }, no, no],
  [
    'a required argument',
    withX(text),
    { type: 'object', properties: { x: text, y: text }, required: ['y'] },
    ['input_required_added'],
    no,
  ],
  [
    'an argument that is required without being described',
    withX(text),
    { ...withX(text), required: ['y'] },
    ['input_required_added'],
    no,
  ],
  [
    'an argument that becomes required',
    withX(text),
    { ...withX(text), required: ['x'] },
    ['input_became_required'],
    no,
  ],
  [
    'an argument of a closed set',
    { ...withX(text), additionalProperties: false },
    { type: 'object', properties: { x: text, y: text }, additionalProperties: false },
    no,
    ['input_property_removed'],
  ],
  [
    'the same with unevaluatedProperties',
    { ...withX(text), unevaluatedProperties: false },
    { type: 'object', properties: { x: text, y: text }, unevaluatedProperties: false },
    no,
    ['input_property_removed'],
  ],
  ['closing the set', withX(text), { ...withX(text), additionalProperties: false }, ['input_unknown_refused'], no],
  [
    'closing a set that was open in so many words',
    { ...withX(text), additionalProperties: true },
    { ...withX(text), additionalProperties: false },
    ['input_unknown_refused'],
    no,
  ],
  [
    'an optional argument where any was invited',
    { ...withX(text), additionalProperties: true },
    { type: 'object', properties: { x: text, y: text }, additionalProperties: true },
    ['input_type_narrowed'],
    no,
  ],
  [
    'an optional argument where strings were invited',
    { ...withX(text), additionalProperties: text },
    { type: 'object', properties: { x: text, y: { type: 'number' } }, additionalProperties: text },
    ['input_type_narrowed'],
    ['input_type_narrowed'],
  ],
  [
    'values of a map',
    { type: 'object', additionalProperties: { type: 'number' } },
    { type: 'object', additionalProperties: { type: 'integer' } },
    ['input_type_narrowed'],
    no,
  ],
  [
    'values under a pattern',
    { type: 'object', patternProperties: { '^x-': { type: 'number' } }, additionalProperties: false },
    { type: 'object', patternProperties: { '^x-': { type: 'integer' } }, additionalProperties: false },
    ['input_type_narrowed'],
    no,
  ],
  [
    'an argument beside a pattern',
    { type: 'object', patternProperties: { '^x-': text }, additionalProperties: false },
    { ...withX(text), patternProperties: { '^x-': text }, additionalProperties: false },
    // Whether `^x-` matches `x` is not asked.
    ['input_type_narrowed'],
    ['input_property_removed'],
  ],
  ['an argument that is refused by name', withX(text), withX(false), ['input_refused'], no],
  [
    'names of arguments',
    { type: 'object', propertyNames: { maxLength: 9 } },
    { type: 'object', propertyNames: { maxLength: 5 } },
    ['input_names_restricted'],
    no,
  ],
  [
    'names of arguments that are all declared',
    { ...withX(text), additionalProperties: false },
    { ...withX(text), additionalProperties: false, propertyNames: { enum: ['x', 'y'] } },
    no,
    no,
  ],
  ['fewest arguments', withX(text), { ...withX(text), minProperties: 1 }, ['input_bound_tightened'], no],
  [
    'fewest arguments when they are required anyway',
    { ...withX(text), required: ['x'] },
    { ...withX(text), required: ['x'], minProperties: 1 },
    no,
    no,
  ],
  ['most arguments', withX(text), { ...withX(text), maxProperties: 1 }, ['input_bound_tightened'], no],
  [
    'an argument that demands another',
    withX(text),
    { ...withX(text), dependentRequired: { x: ['y'] } },
    ['input_dependency_added'],
    no,
  ],
  [
    'an argument that demands another which is required anyway',
    { ...withX(text), required: ['y'] },
    { ...withX(text), required: ['y'], dependentRequired: { x: ['y'] } },
    no,
    no,
  ],
  [
    'an argument that demands a schema',
    withX(text),
    { ...withX(text), dependentSchemas: { x: { required: ['y'] } } },
    ['input_dependency_added'],
    no,
  ],
  [
    'an argument beside a definition that unevaluatedProperties looks into',
    { $ref: '#/$defs/d', unevaluatedProperties: false, $defs: { d: withX({ type: 'number' }) } },
    { $ref: '#/$defs/d', unevaluatedProperties: false, $defs: { d: withX({ type: 'integer' }) } },
    ['input_type_narrowed', 'input_not_comparable'],
    unproven,
  ],
  ['the type of all arguments', {}, { type: 'object' }, ['input_type_narrowed'], no],
];

const aboutValues: readonly Row[] = [
  ['a type out of several', { type: ['string', 'number'] }, text, ['input_type_narrowed'], no],
  ['null', { type: ['string', 'null'] }, text, ['input_type_narrowed'], no],
  ['null by nullable', { type: 'string', nullable: true }, text, ['input_type_narrowed'], no],
  ['integer within number', { type: 'number' }, { type: 'integer' }, ['input_type_narrowed'], no],
  ['another type', text, { type: 'number' }, ['input_type_narrowed'], ['input_type_narrowed']],
  ['any type', {}, text, ['input_type_narrowed'], no],
  ['any value at all', true, text, ['input_type_narrowed'], no],
  ['a type as a list of one', text, { type: ['string'] }, no, no],
  ['a value out of an enum', { enum: ['a', 'b'] }, { enum: ['a'] }, ['input_enum_narrowed'], no],
  ['an enum', text, { type: 'string', enum: ['a'] }, ['input_enum_narrowed'], no],
  ['the order of an enum', { enum: ['a', 'b'] }, { enum: ['b', 'a'] }, no, no],
  ['a const', text, { const: 'a' }, ['input_enum_narrowed'], no],
  ['another const', { const: 'a' }, { const: 'b' }, ['input_enum_narrowed'], ['input_enum_narrowed']],
  ['an enum of one as a const', { enum: ['a'] }, { const: 'a' }, no, no],
  ['all booleans listed', { type: 'boolean' }, { enum: [true, false] }, no, no],
  ['an enum within a type', { enum: ['a', 'b'] }, text, no, ['input_enum_narrowed']],
  ['an enum within bounds', { enum: [1, 2] }, { type: 'integer', minimum: 1, maximum: 2 }, no, ['input_enum_narrowed']],
  ['minimum', { minimum: 1 }, { minimum: 2 }, ['input_bound_tightened'], no],
  ['minimum added', { type: 'number' }, { type: 'number', minimum: 2 }, ['input_bound_tightened'], no],
  ['minimum of what is no number', text, { type: 'string', minimum: 2 }, no, no],
  ['maximum', { maximum: 2 }, { maximum: 1 }, ['input_bound_tightened'], no],
  ['exclusiveMinimum', { minimum: 1 }, { exclusiveMinimum: 1 }, ['input_bound_tightened'], no],
  ['exclusiveMaximum', { maximum: 1 }, { exclusiveMaximum: 1 }, ['input_bound_tightened'], no],
  [
    'the same bound of integers',
    { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 9.5 },
    { type: 'integer', minimum: 1, maximum: 9 },
    no,
    no,
  ],
  [
    'a bound of integers',
    { type: 'integer', minimum: 1, maximum: 3 },
    { type: 'integer', minimum: 2, maximum: 2 },
    ['input_bound_tightened', 'input_bound_tightened'],
    no,
  ],
  ['integers as multiples of 1', { type: 'integer' }, { type: 'number', multipleOf: 1 }, no, no],
  [
    'another type than multiples',
    { type: 'integer', multipleOf: 5 },
    text,
    ['input_type_narrowed'],
    ['input_type_narrowed'],
  ],
  ['multipleOf', { type: 'integer' }, { type: 'integer', multipleOf: 5 }, ['input_multiple_of_changed'], no],
  ['multipleOf a divisor', { multipleOf: 10 }, { multipleOf: 5 }, no, ['input_multiple_of_changed']],
  ['minLength', { minLength: 1 }, { minLength: 2 }, ['input_bound_tightened'], no],
  ['maxLength', { maxLength: 2 }, { maxLength: 1 }, ['input_bound_tightened'], no],
  ['a pattern', text, { type: 'string', pattern: '^a' }, ['input_pattern_changed'], no],
  ['another pattern', { pattern: '^a' }, { pattern: '^b' }, ['input_pattern_changed'], ['input_pattern_changed']],
  ['a format', text, { type: 'string', format: 'email' }, ['input_format_changed'], no],
];

const aboutArrays: readonly Row[] = [
  ['items', { type: 'array' }, { type: 'array', items: text }, ['input_type_narrowed'], no],
  ['items refused', { items: text }, { items: false }, ['input_refused'], no],
  ['minItems', { minItems: 1 }, { minItems: 2 }, ['input_bound_tightened'], no],
  ['maxItems', { maxItems: 2 }, { maxItems: 1 }, ['input_bound_tightened'], no],
  ['uniqueItems', { type: 'array' }, { type: 'array', uniqueItems: true }, ['input_unique_items_added'], no],
  ['uniqueItems of at most one', { maxItems: 1 }, { maxItems: 1, uniqueItems: true }, no, no],
  ['a tuple', { prefixItems: [text] }, { prefixItems: [text, text] }, ['input_type_narrowed'], no],
  ['a tuple within a list', { prefixItems: [text], items: false }, { items: text }, no, ['input_refused']],
  ['contains', { contains: text }, { contains: { type: 'number' } }, unproven, unproven],
  ['contains added', { type: 'array' }, { type: 'array', contains: text }, unproven, no],
];

const aboutCombinations: readonly Row[] = [
  ['an alternative', { anyOf: [text, { type: 'null' }] }, { anyOf: [text] }, ['input_type_narrowed'], no],
  ['an alternative of oneOf', { oneOf: [text, { type: 'null' }] }, { oneOf: [text] }, ['input_type_narrowed'], no],
  [
    'an alternative of the same type',
    { anyOf: [{ pattern: 'a' }, { pattern: 'b' }, { pattern: 'c' }] },
    { anyOf: [{ pattern: 'a' }, { pattern: 'b' }] },
    ['input_alternative_removed'],
    no,
  ],
  [
    'a value inside an alternative',
    { anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }] },
    { anyOf: [{ enum: ['a'] }, { type: 'null' }] },
    ['input_enum_narrowed'],
    no,
  ],
  ['the order of alternatives', { anyOf: [text, { type: 'null' }] }, { anyOf: [{ type: 'null' }, text] }, no, no],
  ['types written as alternatives', { type: ['string', 'null'] }, { anyOf: [text, { type: 'null' }] }, no, no],
  ['values written as alternatives', { enum: ['a', 'b'] }, { anyOf: [{ const: 'a' }, { const: 'b' }] }, no, no],
  [
    'alternatives that exclude each other',
    { anyOf: [text, { type: 'null' }] },
    { oneOf: [text, { type: 'null' }] },
    no,
    no,
  ],
  [
    'alternatives that may overlap',
    { anyOf: [{ minLength: 1 }, { minimum: 1 }] },
    { oneOf: [{ minLength: 1 }, { minimum: 1 }] },
    unproven,
    no,
  ],
  [
    'alternatives that only objects are told apart by',
    { anyOf: [kind('a', { type: ['object', 'null'] }), kind('b', { type: ['object', 'null'] })] },
    { oneOf: [kind('a', { type: ['object', 'null'] }), kind('b', { type: ['object', 'null'] })] },
    unproven,
    no,
  ],
  [
    'alternatives told apart by a discriminator',
    { oneOf: [kind('a', {}), kind('b', {})] },
    { oneOf: [kind('a', {}), kind('b', {}), kind('c', {})] },
    no,
    ['input_alternative_removed'],
  ],
  [
    'a required argument in one of them',
    { oneOf: [kind('a', {}), kind('b', {})] },
    { oneOf: [kind('a', {}), kind('b', { required: ['kind', 'y'] })] },
    ['input_required_added'],
    no,
  ],
  ['allOf', text, { allOf: [text, { maxLength: 5 }] }, ['input_bound_tightened'], no],
  ['allOf that says nothing new', { type: 'string', maxLength: 5 }, { allOf: [text, { maxLength: 5 }] }, no, no],
  ['not', {}, { not: text }, unproven, no],
  ['not what it could not be', { type: 'number' }, { type: 'number', not: text }, no, no],
  ['not so much', { not: { type: ['string', 'null'] } }, { not: text }, no, unproven],
  ['a condition', text, { type: 'string', if: { minLength: 1 }, then: { maxLength: 5 } }, unproven, no],
  [
    'a condition that holds anyway',
    { maxLength: 3 },
    { maxLength: 3, if: { minLength: 1 }, then: { maxLength: 5 } },
    no,
    no,
  ],
  ['an unknown keyword', text, { type: 'string', evenLength: true }, unproven, no],
  ['an extension', text, { type: 'string', 'x-widget': 'area' }, no, no],
  [
    'annotations',
    text,
    { ...text, title: 'X', description: 'x', default: 'a', examples: ['a'], deprecated: true, $comment: 'x' },
    no,
    no,
  ],
];

function kind(name: string, more: object): object {
  return { type: 'object', properties: { kind: { const: name } }, required: ['kind'], ...more };
}

const aboutReferences: readonly Row[] = [
  [
    'a definition',
    { ...withX({ $ref: '#/$defs/d' }), $defs: { d: { type: 'number' } } },
    { ...withX({ $ref: '#/$defs/d' }), $defs: { d: { type: 'integer' } } },
    ['input_type_narrowed'],
    no,
  ],
  ['a definition that is written out', { ...withX({ $ref: '#/$defs/d' }), $defs: { d: text } }, withX(text), no, no],
  [
    'a definition nobody uses',
    { ...withX(text), $defs: { d: { type: 'number' } } },
    { ...withX(text), $defs: { d: { type: 'integer' } } },
    no,
    no,
  ],
  [
    'a definition that uses itself',
    { ...node({}), $defs: { node: node({ size: { type: 'number' } }) } },
    { ...node({}), $defs: { node: node({ size: { type: 'integer' } }) } },
    ['input_type_narrowed'],
    no,
  ],
  [
    'a definition that uses itself, under another name',
    { ...node({}), $defs: { node: node({ size: text }) } },
    {
      type: 'object',
      properties: { next: { $ref: '#/$defs/other' } },
      $defs: { other: { type: 'object', properties: { next: { $ref: '#/$defs/other' }, size: text } } },
    },
    no,
    no,
  ],
  [
    // That `n` lies within `n` rests on `m` within `m`, which turns out to be wrong, though `x` does not need it.
    'definitions that use each other',
    {
      type: 'object',
      properties: { x: { $ref: '#/$defs/m' }, y: { $ref: '#/$defs/n' } },
      $defs: { m: { properties: { n: { $ref: '#/$defs/n' } } }, n: { properties: { m: { $ref: '#/$defs/m' } } } },
    },
    {
      type: 'object',
      properties: {
        x: { anyOf: [{ $ref: '#/$defs/m' }, { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] }] },
        y: { $ref: '#/$defs/n' },
      },
      $defs: {
        m: { properties: { n: { $ref: '#/$defs/n' } }, required: ['z'] },
        n: { properties: { m: { $ref: '#/$defs/m' } } },
      },
    },
    ['input_required_added'],
    no,
  ],
  [
    'a reference that only leads back to itself',
    withX(text),
    { ...withX({ $ref: '#/$defs/d' }), $defs: { d: { $ref: '#/$defs/d' } } },
    unproven,
    ['input_type_narrowed'],
  ],
  ['a reference to nothing', withX(text), withX({ $ref: '#/$defs/d' }), unproven, ['input_type_narrowed']],
  [
    'a reference to another document',
    withX({ $ref: 'https://example.org/schema' }),
    { ...withX({ $ref: 'https://example.org/schema' }), description: 'x' },
    no,
    no,
  ],
  [
    'a reference to another document than before',
    withX({ $ref: 'https://example.org/schema' }),
    withX({ $ref: 'https://example.org/other' }),
    unproven,
    unproven,
  ],
];

const aboutDialects: readonly Row[] = [
  [
    'the name of the dialect',
    { ...withX(text), $schema: 'http://json-schema.org/draft-07/schema#' },
    { ...withX(text), $schema: 'https://json-schema.org/draft/2020-12/schema' },
    no,
    no,
  ],
  [
    'what stands beside a reference, in another dialect',
    {
      ...withX({ $ref: '#/definitions/d', maxLength: 5 }),
      definitions: { d: text },
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
    { ...withX({ $ref: '#/$defs/d', maxLength: 5 }), $defs: { d: text } },
    unproven,
    unproven,
  ],
  [
    'a description beside a reference, in another dialect',
    {
      ...withX({ $ref: '#/definitions/d', description: 'x' }),
      definitions: { d: text },
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
    { ...withX({ $ref: '#/$defs/d', description: 'x' }), $defs: { d: text } },
    no,
    no,
  ],
  [
    'a tuple in another dialect',
    { ...withX({ items: [text] }), $schema: 'http://json-schema.org/draft-07/schema#' },
    { ...withX({ prefixItems: [text] }), $schema: 'https://json-schema.org/draft/2020-12/schema' },
    unproven,
    unproven,
  ],
  [
    'a tuple in draft-07',
    { ...withX({ items: [text] }), $schema: 'http://json-schema.org/draft-07/schema#' },
    { ...withX({ items: [text], additionalItems: text }), $schema: 'http://json-schema.org/draft-07/schema#' },
    ['input_type_narrowed'],
    no,
  ],
  [
    'dependencies in draft-07',
    { ...withX(text), $schema: 'http://json-schema.org/draft-07/schema#' },
    { ...withX(text), dependencies: { x: ['y'] }, $schema: 'http://json-schema.org/draft-07/schema#' },
    ['input_dependency_added'],
    no,
  ],
  [
    'anything in a dialect that is not known',
    { ...withX(text), $schema: 'https://example.org/dialect' },
    { type: 'object', $schema: 'https://example.org/dialect' },
    unproven,
    unproven,
  ],
  [
    'a description in a dialect that is not known',
    { ...withX(text), $schema: 'https://example.org/dialect' },
    { ...withX(text), $schema: 'https://example.org/dialect', description: 'x' },
    no,
    no,
  ],
];

function codes(before: unknown, after: unknown): BreakingCode[] {
  return diffVersions(taking(before), taking(after)).breaking.map(({ code }) => code);
}

describe.each([
  ['arguments', aboutArguments],
  ['references', aboutReferences],
  ['dialects', aboutDialects],
  ['values', inX(aboutValues)],
  ['arrays', inX(aboutArrays)],
  ['combinations', inX(aboutCombinations)],
])('a change of an input schema: %s', (_, rows) => {
  it.each(rows)('%s', (_rule, before, after, there, back) => {
    expect(codes(before, after)).toEqual(there);
    expect(codes(after, before)).toEqual(back);
  });
});

function inX(rows: readonly Row[]): Row[] {
  return rows.map(([rule, before, after, there, back]) => [rule, withX(before), withX(after), there, back]);
}

describe('a change deep inside an input schema', () => {
  it('is pointed to where it stands, and told by the path of the argument', () => {
    const schema = (limit: object) => withX({ type: 'array', items: { type: 'object', properties: { 'a/b': limit } } });
    const { breaking } = diffVersions(
      taking(schema({ type: 'integer', maximum: 100 })),
      taking(schema({ type: 'integer', maximum: 50 })),
    );
    expect(breaking).toEqual([
      {
        tool: 'echo',
        code: 'input_bound_tightened',
        pointer: '/tools/echo/inputSchema/properties/x/items/properties/a~1b/maximum',
        reason: 'Argument "x[].a/b" has a stricter maximum: 100 became 50.',
      },
    ]);
  });

  it('is told once for a definition that is used in several places', () => {
    const schema = (size: object) => ({
      type: 'object',
      properties: { tree: { $ref: '#/$defs/tree' } },
      $defs: {
        tree: { type: 'object', properties: { size, sub: { type: 'array', items: { $ref: '#/$defs/tree' } } } },
      },
    });
    const { breaking } = diffVersions(taking(schema({ type: 'number' })), taking(schema({ type: 'integer' })));
    expect(breaking.map(({ pointer, reason }) => [pointer, reason])).toEqual([
      [
        '/tools/echo/inputSchema/$defs/tree/properties/size/type',
        'Argument "tree.size" no longer accepts numbers that are not integers.',
      ],
    ]);
  });
});
