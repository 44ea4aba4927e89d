import type { Cell, SearchModel } from '../../../ports/read-model.ts';
import type { SearchQuery } from '../../../ports/read-models.ts';
import type { SearchWords } from '../words/search-words.ts';
import { term } from './documents.ts';

type Clause = Readonly<Record<string, unknown>>;

const NOTHING: Clause = { match_none: {} };

/**
 * What Elasticsearch is asked. Everything is a filter: nothing is scored, and nothing a person typed is syntax.
 * @throws TypeError for a field that the model does not have
 */
export function searchBody(model: SearchModel, query: SearchQuery, found: SearchWords | undefined) {
  const path = pathIn(model);
  const { field, direction } = query.sort;
  const filter = [
    { exists: { field: 'id' } },
    ...Object.entries(query.equals ?? {}).map(([name, wanted]) => equality(path(name), wanted, typeOf(model, name))),
    ...Object.entries(query.range ?? {}).map(([name, range]) => between(path(name), range)),
    ...wordFilters(found),
    ...beyondFilter(query, path(field)),
  ];
  // Nulls come first in ascending order, as in every store.
  const missing = direction === 'asc' ? '_first' : '_last';
  return {
    size: query.limit,
    track_total_hits: false,
    query: { bool: { filter } },
    sort: [{ [path(field)]: { order: direction, missing } }, { id: direction }],
    _source: ['id', 'keywords', ...(found === undefined ? [] : ['text'])],
  };
}

function pathIn(model: SearchModel): (field: string) => string {
  return (field) => {
    if (field === 'id') return field;
    if (model.keywords[field] === undefined) throw new TypeError(`${model.index} has no keyword ${field}`);
    return `keywords.${field}`;
  };
}

function typeOf(model: SearchModel, field: string): 'text' | 'integer' {
  return model.keywords[field] ?? 'text';
}

function equality(path: string, wanted: Cell | readonly Cell[], type: 'text' | 'integer'): Clause {
  const list: readonly Cell[] = typeof wanted === 'object' && wanted !== null ? wanted : [wanted];
  const values = list.filter((value) => (type === 'text' ? typeof value === 'string' : Number.isSafeInteger(value)));
  const among: Clause = values.length === 0 ? NOTHING : { terms: { [path]: values } };
  if (!list.includes(null)) return among;
  return { bool: { should: [among, isNull(path)] } };
}

function between(path: string, { from, to }: { readonly from?: Cell; readonly to?: Cell }): Clause {
  // Nothing is more or less than null.
  if (from === null || to === null) return NOTHING;
  return { range: { [path]: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lte: to }) } } };
}

function wordFilters(found: SearchWords | undefined): readonly Clause[] {
  const phrases = new Set((found?.phrases ?? []).map((phrase) => phrase.map(term).join(' ')));
  return [...phrases].map((phrase) => ({ match_phrase: { words: phrase } }));
}

function beyondFilter({ sort, beyond }: SearchQuery, path: string): readonly Clause[] {
  if (beyond === undefined) return [];
  const after = sort.direction === 'asc' ? 'gt' : 'lt';
  const sameButBeyond = (same: Clause): Clause => ({
    bool: { filter: [same, { range: { id: { [after]: beyond.id } } }] },
  });
  const nullsFollow = sort.direction === 'desc';
  if (beyond.value === null) {
    const rest: Clause[] = nullsFollow ? [] : [{ exists: { field: path } }];
    return [{ bool: { should: [sameButBeyond(isNull(path)), ...rest] } }];
  }
  const others: Clause = { range: { [path]: { [after]: beyond.value } } };
  const nulls = nullsFollow ? [isNull(path)] : [];
  return [{ bool: { should: [others, sameButBeyond({ term: { [path]: beyond.value } }), ...nulls] } }];
}

function isNull(path: string): Clause {
  return { bool: { must_not: [{ exists: { field: path } }] } };
}
