import type { DatabaseSync } from 'node:sqlite';
import type { Cell, SearchModel } from '../../../ports/read-model.ts';
import type { SearchHit, SearchQuery } from '../../../ports/read-models.ts';
import type { SearchReader } from '../../../ports/read-stores.ts';
import { readFailure } from './failure.ts';
import { identifier } from './identifier.ts';
import { wordTable } from './search-rows.ts';
import { searchWords, type SearchWords } from './search-words.ts';
import { snippetOf } from './snippet.ts';
import { statementCache } from './statement-cache.ts';

/** From so many entries with the words on, collecting them all takes longer than it may hold the thread. */
const MANY = 2_000;

/** A part of a statement and what stands for its question marks. */
interface Fragment {
  readonly sql: string;
  readonly values: readonly Cell[];
}

/** Entries by words and keyword fields, in the order of one keyword field. */
export function searchReader(name: string, db: DatabaseSync, model: SearchModel): SearchReader {
  const prepare = statementCache(db);
  const keywords = Object.keys(model.keywords);

  function select(query: SearchQuery, words: SearchWords | undefined, beyond: Fragment, limit: number): SearchHit[] {
    const table = identifier(model.index);
    const conditions = [...filters(query, column), beyond].filter(({ sql }) => sql !== '');
    if (words !== undefined) conditions.push({ sql: matching(words), values: [words.expression] });
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
    const { direction } = query.sort;
    const order = `${column(query.sort.field)} ${direction}, id ${direction}`;
    const columns = ['id', ...keywords.map(identifier), ...(words ? ['text'] : [])].join(', ');
    const sql = `SELECT ${columns} FROM ${table} ${where} ORDER BY ${order} LIMIT ?`;
    const rows = prepare(sql).all(...conditions.flatMap(({ values }) => values), limit);
    return rows.map((row) => hitOf(row, words));
  }

  /**
   * Few matches are collected and then sorted. Of many, the page is found sooner by walking the order that is asked for
   * and looking at each entry.
   */
  function matching({ expression }: SearchWords): string {
    const index = wordTable(model);
    const probe = `SELECT count(*) AS n FROM (SELECT 1 FROM ${index} WHERE ${index} MATCH ? LIMIT ${MANY})`;
    const isCommon = prepare(probe).get(expression)?.['n'] === MANY;
    return isCommon
      ? `EXISTS (SELECT 1 FROM ${index} WHERE ${index} MATCH ? AND ${index}.rowid = n)`
      : `n IN (SELECT rowid FROM ${index} WHERE ${index} MATCH ?)`;
  }

  function column(field: string): string {
    if (field !== 'id' && !keywords.includes(field)) throw new TypeError(`${name} has no keyword ${field}`);
    return identifier(field);
  }

  function hitOf(row: Record<string, unknown>, words: SearchWords | undefined): SearchHit {
    const hit = {
      id: String(row['id']),
      keywords: Object.fromEntries(keywords.map((keyword) => [keyword, row[keyword] as Cell])),
    };
    return words === undefined ? hit : { ...hit, snippet: snippetOf(String(row['text']), words.phrases) };
  }

  return {
    kind: 'search',
    async search(query) {
      const words = query.words === undefined ? undefined : searchWords(query.words);
      if (query.words !== undefined && words === undefined) return [];
      try {
        const hits: SearchHit[] = [];
        for (const part of partsBeyond(query, column)) {
          if (hits.length < query.limit) hits.push(...select(query, words, part, query.limit - hits.length));
        }
        return hits;
      } catch (error) {
        throw readFailure(name, error);
      }
    },
  };
}

function filters(query: SearchQuery, column: (field: string) => string): Fragment[] {
  const equals = Object.entries(query.equals ?? {}).map(([field, wanted]) => equality(column(field), wanted));
  const ranges = Object.entries(query.range ?? {}).flatMap(([field, { from, to }]) => [
    ...(from === undefined ? [] : [{ sql: `${column(field)} >= ?`, values: [from] }]),
    ...(to === undefined ? [] : [{ sql: `${column(field)} <= ?`, values: [to] }]),
  ]);
  return [...equals, ...ranges];
}

function equality(column: string, wanted: Cell | readonly Cell[]): Fragment {
  if (!isList(wanted)) return { sql: `${column} IS ?`, values: [wanted] };
  const values = wanted.filter((value) => value !== null);
  const among = `${column} IN (SELECT value FROM json_each(?))`;
  const sql = values.length === wanted.length ? among : `(${among} OR ${column} IS NULL)`;
  return { sql, values: [JSON.stringify(values)] };
}

/**
 * What comes after the last entry of a page, in parts that each read an index in its order. Nulls come first in
 * ascending order, as SQLite has it.
 */
function partsBeyond({ sort, beyond }: SearchQuery, column: (field: string) => string): readonly Fragment[] {
  const everything: Fragment = { sql: '', values: [] };
  if (beyond === undefined) return [everything];
  const field = column(sort.field);
  const after = sort.direction === 'asc' ? '>' : '<';
  const nullsBeyond: Fragment = { sql: `${field} IS NULL AND id ${after} ?`, values: [beyond.id] };
  if (beyond.value === null) {
    return sort.direction === 'desc' ? [nullsBeyond] : [nullsBeyond, { sql: `${field} IS NOT NULL`, values: [] }];
  }
  const others: Fragment = { sql: `(${field}, id) ${after} (?, ?)`, values: [beyond.value, beyond.id] };
  return sort.direction === 'asc' ? [others] : [others, { sql: `${field} IS NULL`, values: [] }];
}

function isList(value: Cell | readonly Cell[]): value is readonly Cell[] {
  return Array.isArray(value);
}
