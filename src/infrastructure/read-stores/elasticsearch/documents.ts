import { createHash } from 'node:crypto';
import type { Cell, SearchModel, SearchRow } from '../../../ports/read-model.ts';
import { tokensOf } from '../words/tokens.ts';
import { fieldsOf, type Stored } from './answers.ts';

/** A term of the index takes 32,766 bytes; a character up to three, and half a pair of them two. */
const LONGEST_VALUE = 10_000;

/** Of `_id`, in bytes. */
const LONGEST_ID = 500;

/** Words of the index take no more; longer ones stand there as their beginning and their hash. */
const LONGEST_WORD = 200;

const KEYWORD_TYPES = {
  text: { type: 'keyword', ignore_above: LONGEST_VALUE },
  integer: { type: 'long' },
} as const;

/** What every document of a model has. A document without `id` stands for an entry that was deleted. */
export const DOCUMENT_FIELDS: readonly string[] = ['id', 'text', 'keywords'];

/** Settings and mappings of a model's index. Words come from us, cut and folded as in every other search store. */
export function indexBody(model: SearchModel, meta: Readonly<Record<string, unknown>>) {
  const { index, keywords, ordinal } = model;
  if (ordinal !== undefined && keywords[ordinal] !== 'integer') {
    throw new TypeError(`the ordinal ${ordinal} of ${index} is no integer keyword`);
  }
  const properties = Object.fromEntries(Object.entries(keywords).map(([name, type]) => [name, KEYWORD_TYPES[type]]));
  return {
    settings: {
      number_of_shards: 1,
      // Each change says when it is to be found.
      refresh_interval: '-1',
      max_result_window: 100_000,
    },
    mappings: {
      _meta: meta,
      dynamic: 'strict',
      _source: { excludes: ['words'] },
      properties: {
        id: { type: 'keyword' },
        text: { type: 'object', enabled: false },
        words: { type: 'text', analyzer: 'whitespace', norms: false },
        keywords: { properties },
      },
    },
  };
}

/** Under which an entry's document is kept. */
export function documentId(id: string): string {
  if (Buffer.byteLength(id) <= LONGEST_ID) return `i${id}`;
  return `h${createHash('sha256').update(id).digest('base64url')}`;
}

/** @throws TypeError the entry is not taken */
export function requireTaken(model: SearchModel, { id, keywords, text }: SearchRow): void {
  if (id.length > LONGEST_VALUE) throw new TypeError(`an id of ${id.length} characters is too long for ${model.index}`);
  const names = Object.keys(model.keywords);
  if (Object.keys(keywords).length !== names.length) throw new TypeError(`keywords of ${id} are not the model's`);
  for (const name of names) {
    const value = keywords[name];
    const fits = model.keywords[name] === 'text' ? typeof value === 'string' : Number.isSafeInteger(value);
    if (value !== null && !fits) throw new TypeError(`${name} of ${id} is not ${String(model.keywords[name])}`);
  }
  if (text !== null && typeof text !== 'string') throw new TypeError(`text of ${id} is not text`);
}

/** The document of an entry; of one that was deleted, an empty one. */
export function documentOf(row: SearchRow | null): Readonly<Record<string, unknown>> {
  if (row === null) return {};
  const { id, text, keywords } = row;
  return {
    id,
    text,
    words: text === null ? null : [...tokensOf(text)].map(({ word }) => term(word)).join(' '),
    keywords,
  };
}

/** A word as the index has it. */
export function term(word: string): string {
  if (word.length <= LONGEST_WORD) return word;
  return word.slice(0, LONGEST_WORD / 2) + createHash('sha256').update(word).digest('hex');
}

/** The entry of a document; undefined when it was deleted. */
export function rowOf(model: SearchModel, { _source }: Stored): SearchRow | undefined {
  const { id, text } = _source;
  if (typeof id !== 'string') return undefined;
  return { id, text: typeof text === 'string' ? text : null, keywords: keywordsOf(model, _source) };
}

export function keywordsOf(model: SearchModel, source: Readonly<Record<string, unknown>>): Record<string, Cell> {
  const keywords = fieldsOf(source['keywords']);
  return Object.fromEntries(
    Object.keys(model.keywords).map((name) => {
      const value = keywords[name];
      return [name, typeof value === 'string' || typeof value === 'number' ? value : null];
    }),
  );
}
