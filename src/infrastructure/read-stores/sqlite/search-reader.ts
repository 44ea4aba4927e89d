import type { DatabaseSync } from 'node:sqlite';
import type { Cell, SearchModel } from '../../../ports/read-model.ts';
import type { SearchHit, SearchQuery } from '../../../ports/read-models.ts';
import type { SearchReader } from '../../../ports/read-stores.ts';
import { readFailure } from './failure.ts';
import { identifier } from './identifier.ts';
import { all, planSearch, where, type Condition, type SearchPlan } from './search-plan.ts';
import { keyColumn, wordTable } from './search-rows.ts';
import { searchWords, type SearchWords } from '../words/search-words.ts';
import { snippetOf } from '../words/snippet.ts';
import { statementCache } from './statement-cache.ts';

/** So few entries are looked at one by one whether they have the words, at some 10 µs each. */
const FEW_ENTRIES = 1_000;

interface Select {
  readonly sql: string;
  readonly values: readonly Cell[];
}

/** Entries by words and keyword fields, in the order of one keyword field. */
export function searchReader(name: string, db: DatabaseSync, model: SearchModel): SearchReader {
  const prepare = statementCache(db);
  const keywords = Object.keys(model.keywords);
  const table = identifier(model.index);
  const key = keyColumn(model);
  const words = wordTable(model);
  const columns = (wanted: readonly string[]): string =>
    wanted.map((each) => `${table}.${identifier(each)}`).join(', ');

  /** Without words: each branch reads its index in order, and only the beginnings are merged. */
  function byKeywords({ branches, order }: SearchPlan, part: Condition, limit: number): Select {
    const selected = columns(['id', ...keywords]);
    const [first, ...others] = branches.map((branch) => {
      const condition = all([branch, part]);
      const sql = `SELECT ${selected} FROM ${table}${where(condition)} ORDER BY ${order} LIMIT ?`;
      return { sql, values: [...condition.values, limit] };
    });
    if (first === undefined || others.length === 0) return first ?? { sql: 'SELECT NULL WHERE false', values: [] };
    const each = [first, ...others];
    return {
      sql: `${each.map(({ sql }) => `SELECT * FROM (${sql})`).join(' UNION ALL ')} ORDER BY ${order} LIMIT ?`,
      values: [...each.flatMap(({ values }) => values), limit],
    };
  }

  /** By the entries that have the words. In the order of their row ids, reading stops at the limit. */
  function byWords({ filter }: SearchPlan, part: Condition, order: string, found: SearchWords, limit: number): Select {
    const condition = all([{ sql: `${words} MATCH ?`, values: [found.expression] }, filter, part]);
    const joined = `${words} CROSS JOIN ${table} ON ${table}.${key} = ${words}.rowid`;
    return {
      sql: `SELECT ${columns(['id', ...keywords, 'text'])} FROM ${joined}${where(condition)} ORDER BY ${order} LIMIT ?`,
      values: [...condition.values, limit],
    };
  }

  /** By the entries that have the keywords, when they are few: common words would be read for nothing. */
  function byEntries({ filter, order }: SearchPlan, part: Condition, found: SearchWords, limit: number): Select {
    const matches = `EXISTS (SELECT 1 FROM ${words} WHERE ${words}.rowid = +${table}.${key} AND ${words} MATCH ?)`;
    const condition = all([filter, part, { sql: matches, values: [found.expression] }]);
    return {
      sql: `SELECT ${columns(['id', ...keywords, 'text'])} FROM ${table}${where(condition)} ORDER BY ${order} LIMIT ?`,
      values: [...condition.values, limit],
    };
  }

  function admitsFew({ filter, indexed }: SearchPlan): boolean {
    if (!indexed) return false;
    const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM ${table}${where(filter)} LIMIT ?)`;
    return Number(prepare(sql).get(...filter.values, FEW_ENTRIES)?.['n']) < FEW_ENTRIES;
  }

  function hitOf(row: Record<string, unknown>, found: SearchWords | undefined): SearchHit {
    const hit = {
      id: String(row['id']),
      keywords: Object.fromEntries(keywords.map((keyword) => [keyword, row[keyword] as Cell])),
    };
    return found === undefined ? hit : { ...hit, snippet: snippetOf(String(row['text']), found.phrases) };
  }

  /** The selects whose answers, one after the other, are what is asked for. */
  function selects(query: SearchQuery, found: SearchWords | undefined): readonly ((limit: number) => Select)[] {
    const plan = planSearch(model, query);
    const sortColumn = identifier(query.sort.field);
    if (found === undefined) return plan.parts(sortColumn).map((part) => (limit) => byKeywords(plan, part, limit));
    if (admitsFew(plan)) return plan.parts(sortColumn).map((part) => (limit) => byEntries(plan, part, found, limit));
    // The ordinal is the row id of the words as well: asked of them, nothing is read that stands before the page.
    const byOrdinal = query.sort.field === model.ordinal;
    const ordinal = `${words}.rowid`;
    const order = byOrdinal ? `${ordinal} ${query.sort.direction}` : plan.order;
    const parts = plan.parts(byOrdinal ? ordinal : sortColumn);
    return parts.map((part) => (limit) => byWords(plan, part, order, found, limit));
  }

  return {
    kind: 'search',
    async search(query) {
      const found = query.words === undefined ? undefined : searchWords(query.words);
      if (query.words !== undefined && found === undefined) return [];
      try {
        const hits: SearchHit[] = [];
        for (const select of selects(query, found)) {
          if (hits.length >= query.limit) break;
          const { sql, values } = select(query.limit - hits.length);
          hits.push(
            ...prepare(sql)
              .all(...values)
              .map((row) => hitOf(row, found)),
          );
        }
        return hits;
      } catch (error) {
        throw readFailure(name, error);
      }
    },
  };
}
