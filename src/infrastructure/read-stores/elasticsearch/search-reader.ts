import type { SearchModel } from '../../../ports/read-model.ts';
import type { SearchReader } from '../../../ports/read-stores.ts';
import { searchWords } from '../words/search-words.ts';
import { snippetOf } from '../words/snippet.ts';
import { hitsOf } from './answers.ts';
import { keywordsOf } from './documents.ts';
import type { ElasticsearchPlace } from './place.ts';
import { searchBody } from './query.ts';
import type { OpenVersion } from './versions.ts';

/** Entries by words and keyword fields, in the order of one keyword field. */
export function searchReader(place: ElasticsearchPlace, model: SearchModel, version: OpenVersion): SearchReader {
  return {
    kind: 'search',
    async search(query) {
      const found = query.words === undefined ? undefined : searchWords(query.words);
      if (query.words !== undefined && found === undefined) return [];
      const body = searchBody(model, query, found);
      if (query.limit <= 0) return [];
      const answer = await place.work(`the read model ${version.model} cannot be read`, () =>
        place.connection.ask({
          method: 'POST',
          path: `/${version.alias}/_search`,
          query: { allow_partial_search_results: false },
          body,
        }),
      );
      return hitsOf(answer).map(({ _source }) => {
        const hit = { id: String(_source['id']), keywords: keywordsOf(model, _source) };
        return found === undefined ? hit : { ...hit, snippet: snippetOf(String(_source['text']), found.phrases) };
      });
    },
  };
}
