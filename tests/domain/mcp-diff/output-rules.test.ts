import { describe, expect, it } from 'vitest';
import type { BreakingCode } from '../../../src/domain/mcp/diff/codes.ts';
import { diffVersions } from '../../../src/domain/mcp/diff/version-diff.ts';
import { answering, tool, version, withX } from './given.ts';

/** Rule, schema before, schema after, codes from before to after, codes on the way back. */
type Row = readonly [string, unknown, unknown, readonly BreakingCode[], readonly BreakingCode[]];

const no: readonly BreakingCode[] = [];
const unproven = ['output_not_comparable'] as const;
const text = { type: 'string' };
const closed = { additionalProperties: false };

const aboutFields: readonly Row[] = [
  ['a field', withX(text), { type: 'object', properties: { x: text, y: text } }, no, ['output_field_removed']],
  [
    'a field of a closed set',
    { ...withX(text), ...closed },
    { type: 'object', properties: { x: text, y: text }, ...closed },
    no,
    ['output_field_removed'],
  ],
  [
    'a field that was always there',
    { ...withX(text), required: ['x'] },
    { type: 'object', properties: {} },
    ['output_field_removed'],
    no,
  ],
  [
    'a field that may be missing',
    { ...withX(text), required: ['x'] },
    withX(text),
    ['output_field_no_longer_required'],
    no,
  ],
  [
    'fields beside others that are looked into',
    { allOf: [withX(text)], unevaluatedProperties: false },
    { allOf: [withX(text)], properties: { y: text } },
    no,
    ['output_field_removed'],
  ],
  [
    'a map beside others that are looked into',
    { allOf: [withX(text)], unevaluatedProperties: text },
    { allOf: [withX(text)] },
    unproven,
    no,
  ],
  ['opening the set', { ...withX(text), ...closed }, withX(text), no, no],
  [
    'a field that becomes one of a map',
    withX(text),
    { type: 'object', additionalProperties: text },
    no,
    ['output_type_widened'],
  ],
  [
    'values of a map',
    { type: 'object', additionalProperties: { type: 'integer' } },
    { type: 'object', additionalProperties: { type: 'number' } },
    ['output_type_widened'],
    no,
  ],
  ['a field that was refused by name', withX(false), withX(text), ['output_opened'], ['output_field_removed']],
  [
    'a field inside a definition',
    { $defs: { d: withX(text) }, ...withX({ $ref: '#/$defs/d' }) },
    { $defs: { d: withX({ type: ['string', 'null'] }) }, ...withX({ $ref: '#/$defs/d' }) },
    ['output_type_widened'],
    no,
  ],
];

const aboutValues: readonly Row[] = [
  ['a further type', text, { type: ['string', 'null'] }, ['output_type_widened'], no],
  ['any number', { type: 'integer' }, { type: 'number' }, ['output_type_widened'], no],
  ['any type', text, {}, ['output_type_widened'], no],
  ['a further value', { enum: ['a'] }, { enum: ['a', 'b'] }, ['output_enum_widened'], no],
  ['any value', { enum: ['a'] }, text, ['output_enum_widened'], no],
  ['a looser bound', { maximum: 5 }, { maximum: 9 }, ['output_bound_loosened'], no],
  ['a pattern no more', { type: 'string', pattern: '^a' }, text, ['output_pattern_changed'], no],
  ['a format no more', { type: 'string', format: 'email' }, text, ['output_format_changed'], no],
  ['multipleOf no more', { type: 'integer', multipleOf: 2 }, { type: 'integer' }, ['output_multiple_of_changed'], no],
  ['uniqueItems no more', { type: 'array', uniqueItems: true }, { type: 'array' }, ['output_unique_items_dropped'], no],
  ['a further alternative', { anyOf: [text] }, { anyOf: [text, { type: 'null' }] }, ['output_type_widened'], no],
  [
    'a further alternative of the same type',
    { anyOf: [{ pattern: 'a' }, { pattern: 'b' }] },
    { anyOf: [{ pattern: 'a' }, { pattern: 'b' }, { pattern: 'c' }] },
    ['output_alternative_added'],
    no,
  ],
  ['what was excluded', { not: text }, {}, unproven, no],
  ['a description', text, { ...text, description: 'x' }, no, no],
];

const inX = aboutValues.map(([rule, before, after, there, back]): Row => {
  return [rule, withX(before), withX(after), there, back];
});

describe('a change of an output schema', () => {
  it.each([...aboutFields, ...inX])('%s', (_rule, before, after, there, back) => {
    const codes = (one: unknown, other: unknown) =>
      diffVersions(answering(one), answering(other)).breaking.map(({ code }) => code);
    expect(codes(before, after)).toEqual(there);
    expect(codes(after, before)).toEqual(back);
  });

  it('breaks readers when the schema is gone, not when it is new', () => {
    const [with_, without] = [answering(withX(text)), version([tool()])];
    expect(diffVersions(with_, without).breaking).toEqual([
      {
        tool: 'echo',
        code: 'output_schema_removed',
        reason: 'The tool no longer describes its structured result.',
        pointer: '/tools/echo/outputSchema',
      },
    ]);
    expect(diffVersions(without, with_).breaking).toEqual([]);
  });

  it('is told in words for readers', () => {
    const { breaking } = diffVersions(answering(withX({ enum: ['on'] })), answering(withX({ enum: ['on', 'off'] })));
    expect(breaking.map(({ reason }) => reason)).toEqual(['Field "x" may now be "off".']);
  });
});
