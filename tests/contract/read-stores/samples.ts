import type { AnyRow, DocumentRow, RelationalRow, SearchRow } from '../../../src/ports/read-model.ts';
import type { ModelDefinition } from '../../../src/ports/read-stores.ts';

/** Rows of one kind that try what a store may stumble over. */
export interface Samples {
  readonly definition: ModelDefinition;
  /** At least three rows with different ids. */
  readonly rows: readonly AnyRow[];
  /** The first row, changed. */
  readonly changed: AnyRow;
  /** A plain row with this id. */
  readonly row: (id: string) => AnyRow;
}

const awkward = 'quote " apostrophe \' NUL \0 backslash \\ newline \n percent % 版本 🎉 é';

function relational(id: string, cells: Partial<RelationalRow> = {}): RelationalRow {
  return { id, name: `name of ${id}`, size: 1, ratio: 0.5, tags: '[]', ...cells };
}

export const relationalSamples: Samples = {
  definition: {
    name: 'things',
    schemaVersion: 1,
    model: {
      kind: 'relational',
      table: 'things',
      columns: { name: 'text', size: 'integer', ratio: 'real', tags: 'json' },
      indexes: [['name'], ['size', 'name']],
    },
  },
  rows: [
    relational('a'),
    relational(awkward, { name: awkward, tags: JSON.stringify([awkward]) }),
    relational('empty', { name: '', size: null, ratio: null, tags: null }),
    relational('large', { name: 'x'.repeat(100_000), size: Number.MAX_SAFE_INTEGER, ratio: -1.7e308 }),
    relational('small', { size: Number.MIN_SAFE_INTEGER, ratio: 5e-324 }),
  ],
  changed: relational('a', { name: 'another', size: 2 }),
  row: relational,
};

function document(id: string, fields: Partial<DocumentRow> = {}): DocumentRow {
  return { id, owner: 'anna', size: 1, body: { text: `text of ${id}` }, ...fields };
}

export const documentSamples: Samples = {
  definition: {
    name: 'papers',
    schemaVersion: 1,
    model: { kind: 'documents', collection: 'papers', indexes: [['owner', 'size'], ['state']] },
  },
  rows: [
    document('a'),
    document(awkward, { body: { [awkward]: [awkward, null, true, false, 0, -0.5, 1e300, {}, []] } }),
    { id: 'bare' },
    document('odd', { owner: { nested: true }, size: null, state: ['not', 'indexable'] }),
    document('names', { body: { $set: 1, 'a.b': 2, '': 3, length: 4 } }),
    document('large', { body: 'x'.repeat(200_000) }),
  ],
  changed: document('a', { owner: 'berta', size: 2, body: null }),
  row: document,
};

function entry(id: string, fields: Partial<SearchRow> = {}): SearchRow {
  return { id, text: `text of ${id}`, keywords: { owner: 'anna', size: 1 }, ...fields };
}

export const searchSamples: Samples = {
  definition: {
    name: 'finds',
    schemaVersion: 1,
    model: {
      kind: 'search',
      index: 'finds',
      keywords: { owner: 'text', size: 'integer' },
      indexes: [['owner', 'size'], ['size']],
    },
  },
  rows: [
    entry('a'),
    entry(awkward, { text: awkward, keywords: { owner: awkward, size: -1 } }),
    entry('silent', { text: null, keywords: { owner: null, size: null } }),
    entry('empty', { text: '' }),
    entry('large', { text: 'word '.repeat(20_000) }),
  ],
  changed: entry('a', { text: 'other words', keywords: { owner: 'berta', size: 2 } }),
  row: entry,
};

let places = 0;

function placed(id: string, place: number | null, text: string | null = `text of ${id}`): SearchRow {
  return { id, text, keywords: { owner: 'anna', place } };
}

/** With an ordinal, which stores may keep the entries by. */
export const ordinalSamples: Samples = {
  definition: {
    name: 'places',
    schemaVersion: 1,
    model: {
      kind: 'search',
      index: 'places',
      keywords: { owner: 'text', place: 'integer' },
      ordinal: 'place',
      indexes: [['place'], ['owner', 'place']],
    },
  },
  rows: [placed('a', 7), placed('b', Number.MAX_SAFE_INTEGER), placed('c', -3, null), placed('d', 0)],
  changed: placed('a', 7, 'other words'),
  row: (id) => placed(id, ++places + 1_000),
};
