import { fieldsOf, hitsOf, listOf, type Stored } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';

const PAGE = 500;

/** Every document that a search finds, page by page, in an order that is another place for each of them. */
export async function* walk(
  connection: ElasticsearchConnection,
  index: string,
  search: { readonly query: object; readonly sort: readonly object[]; readonly _source?: readonly string[] | boolean },
): AsyncGenerator<Stored> {
  let beyond: unknown;
  for (;;) {
    const answer = await connection.ask({
      method: 'POST',
      path: `/${index}/_search`,
      query: { allow_partial_search_results: false },
      body: { size: PAGE, track_total_hits: false, ...search, ...(beyond !== undefined && { search_after: beyond }) },
    });
    yield* hitsOf(answer);
    beyond = fieldsOf(listOf(fieldsOf(fieldsOf(answer)['hits'])['hits']).at(-1))['sort'];
    if (beyond === undefined) return;
  }
}
