import { fieldsOf, type Stored } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';

/** Which write of a document was the last. https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control */
export type Mark = Pick<Stored, '_seq_no' | '_primary_term'>;

/**
 * Writes a document in place of the one that was seen, or where none was seen. Answers its mark.
 * @throws ElasticsearchFailure of kind `conflict` when another one is there by now; sent twice by the client library,
 * it may conflict with itself
 */
export async function replaceIfUnchanged(
  connection: ElasticsearchConnection,
  alias: string,
  id: string,
  seen: Mark | undefined,
  document: Readonly<Record<string, unknown>>,
): Promise<Mark> {
  const condition =
    seen === undefined ? { op_type: 'create' } : { if_seq_no: seen._seq_no, if_primary_term: seen._primary_term };
  const answer = fieldsOf(
    await connection.ask({
      method: 'PUT',
      path: `/${alias}/_doc/${encodeURIComponent(id)}`,
      query: { ...condition, require_alias: true },
      body: document,
    }),
  );
  return { _seq_no: Number(answer['_seq_no']), _primary_term: Number(answer['_primary_term']) };
}
