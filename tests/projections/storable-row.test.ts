import { describe, expect, it } from 'vitest';
import type { AnyRow, ReadModel } from '../../src/ports/read-model.ts';
import { storableRow } from '../../src/projections/folding/storable-row.ts';

const relational: ReadModel = {
  kind: 'relational',
  table: 'things',
  columns: { name: 'text', size: 'integer', ratio: 'real', tags: 'json' },
  indexes: [],
};
const search: ReadModel = {
  kind: 'search',
  index: 'finds',
  keywords: { owner: 'text', place: 'integer' },
  ordinal: 'place',
  indexes: [],
};
const documents: ReadModel = { kind: 'documents', collection: 'papers', indexes: [] };

const thing = (cells: object): AnyRow => ({ ...{ id: 'a', name: 'x', size: 1, ratio: 0.5, tags: '[]' }, ...cells });
const find = (fields: object, keywords: object = {}): AnyRow => ({
  ...{ id: 'a', text: 'x', keywords: { owner: 'anna', place: 1, ...keywords } },
  ...fields,
});
const paper = (body: unknown): AnyRow => ({ ...{ id: 'a', body } });

describe('a row that stores can hold', () => {
  it.each([
    [relational, thing({})],
    [relational, thing({ name: null, size: null, ratio: null, tags: null })],
    [relational, thing({ size: Number.MIN_SAFE_INTEGER, ratio: 3 })],
    [search, find({})],
    [search, find({ text: null }, { owner: null })],
    [documents, paper({ a: [1, null, true, 'x', { '': -0.5 }], b: 'half \ud800' })],
  ])('is the same one: %j', (model, row) => {
    expect(storableRow(model, row)).toBe(row);
  });

  it('has whole characters in its texts', () => {
    expect(storableRow(relational, thing({ id: 'a\ud800', name: '\udc00b' }))).toEqual(
      thing({ id: 'a\ufffd', name: '\ufffdb' }),
    );
    expect(storableRow(search, find({ text: '\ud800' }))).toEqual(find({ text: '\ufffd' }));
    expect(storableRow(search, find({}, { owner: '\ud800' }))).toEqual(find({}, { owner: '\ufffd' }));
    expect(storableRow(search, find({ id: '\ud800', text: null }))).toEqual(find({ id: '\ufffd', text: null }));
  });
});

describe('a row that a store would bend, drop or not hand back', () => {
  it.each([
    ['a fraction for an integer', relational, thing({ size: 1.5 })],
    ['an integer beyond 2^53', relational, thing({ size: 2 ** 60 })],
    ['no number', relational, thing({ ratio: Number.NaN })],
    ['an infinite number', relational, thing({ ratio: Infinity })],
    ['a number for a text', relational, thing({ name: 7 })],
    ['an object for JSON text', relational, thing({ tags: [] })],
    ['a column left out', relational, { id: 'a', name: 'x', size: 1, ratio: 1 }],
    ['a column undefined', relational, thing({ name: undefined })],
    ['a field without a column', relational, thing({ surplus: 1 })],
    ['a keyword left out', search, { ...find({}), keywords: { place: 1 } }],
    ['a surplus keyword', search, find({}, { surplus: 1 })],
    ['a surplus field', search, find({ surplus: 1 })],
    ['no ordinal', search, find({}, { place: null })],
    ['no text at all', search, find({ text: undefined })],
    ['no keywords at all', search, find({ keywords: null })],
    ['undefined in a document', documents, paper({ a: undefined })],
    ['a number that JSON does not have', documents, paper([Number.NaN])],
    ['a date in a document', documents, paper({ at: new Date(0) })],
    ['a big integer in a document', documents, paper(1n)],
  ])('is refused: %s', (_what, model, row) => {
    expect(() => storableRow(model, row)).toThrow(TypeError);
  });
});
