import type { AnyRow, SearchModel, SearchRow } from '../../../ports/read-model.ts';
import { fieldsOf, listOf, storedOf, type Stored } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';
import { answerFailure } from './failure.ts';
import { DOCUMENT_FIELDS, documentId, rowOf } from './documents.ts';
import type { OpenVersion } from './versions.ts';
import { walk } from './walk.ts';

/** Documents asked for at once. */
const AT_ONCE = 1_000;

/** Reads of a version's entries. By id they are as they were written last; otherwise as they were refreshed last. */
export interface RowReads {
  load(ids: readonly string[]): Promise<ReadonlyMap<string, SearchRow>>;
  /** Which of these are there. */
  present(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Ids of the entries that have one of these numbers as their ordinal. */
  idsAt(ordinals: readonly number[]): Promise<readonly string[]>;
  all(): AsyncGenerator<AnyRow>;
  count(): Promise<number>;
}

export function rowReads(connection: ElasticsearchConnection, model: SearchModel, { alias }: OpenVersion): RowReads {
  const live = { exists: { field: 'id' } };

  async function documents(ids: readonly string[], fields: readonly string[]): Promise<Stored[]> {
    const found: Stored[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const answer = fieldsOf(
        await connection.ask({
          method: 'POST',
          path: `/${alias}/_mget`,
          body: { docs: ids.slice(at, at + AT_ONCE).map((id) => ({ _id: documentId(id), _source: fields })) },
        }),
      );
      for (const each of listOf(answer['docs'])) {
        const { error } = fieldsOf(each);
        if (error !== undefined)
          throw answerFailure(fieldsOf(error)['type'] === 'index_not_found_exception' ? 404 : 503, error);
        const stored = storedOf(each);
        if (stored !== undefined) found.push(stored);
      }
    }
    return found;
  }

  return {
    async load(ids) {
      const rows = (await documents(ids, DOCUMENT_FIELDS)).flatMap((stored) => rowOf(model, stored) ?? []);
      return new Map(rows.map((row) => [row.id, row]));
    },
    async present(ids) {
      const found = await documents(ids, ['id']);
      return new Set(found.flatMap(({ _source: { id } }) => (typeof id === 'string' ? [id] : [])));
    },
    async idsAt(ordinals) {
      const ids: string[] = [];
      const path = `keywords.${String(model.ordinal)}`;
      for (let at = 0; at < ordinals.length; at += AT_ONCE) {
        const query = { bool: { filter: [live, { terms: { [path]: ordinals.slice(at, at + AT_ONCE) } }] } };
        for await (const { _source } of walk(connection, alias, { query, sort: [{ id: 'asc' }], _source: ['id'] })) {
          ids.push(String(_source['id']));
        }
      }
      return ids;
    },
    async *all() {
      const search = { query: live, sort: [{ id: 'asc' }], _source: DOCUMENT_FIELDS };
      for await (const stored of walk(connection, alias, search)) {
        const row = rowOf(model, stored);
        if (row !== undefined) yield row;
      }
    },
    async count() {
      const answer = await connection.ask({ method: 'POST', path: `/${alias}/_count`, body: { query: live } });
      return Number(fieldsOf(answer)['count']);
    },
  };
}
