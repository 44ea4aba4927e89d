import { documentOf } from '../../../src/infrastructure/read-stores/elasticsearch/documents.ts';
import type { SearchRow } from '../../../src/ports/read-model.ts';
import { lotsOf, type RawStore } from './raw-store.ts';

interface Hit {
  readonly _source: SearchRow;
  readonly sort: readonly unknown[];
}

/** As the product makes an index, on one server. */
const SETTINGS = { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '-1' };

/** Rows that are read together. */
const PAGE = 5_000;
const ORDER = 'id';

/** Elasticsearch over HTTP: `_bulk`, each answered when it is on the disk, and one refresh at the end. */
export async function rawElasticsearch(url: string, prefix: string): Promise<RawStore> {
  async function ask<Answer>(method: string, path: string, body?: string | object): Promise<Answer> {
    const isLines = typeof body === 'string';
    const answer = await fetch(new URL(path, url), {
      method,
      headers: { 'content-type': isLines ? 'application/x-ndjson' : 'application/json' },
      ...(body !== undefined && { body: isLines ? body : JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }

  async function indices(): Promise<readonly string[]> {
    const found = await ask<readonly { readonly index: string }[]>(
      'GET',
      `/_cat/indices/${prefix}*?format=json&h=index`,
    );
    return found.map(({ index }) => index);
  }

  async function rowsOf(index: string): Promise<readonly object[]> {
    await ask('POST', `/${index}/_refresh`);
    const rows: object[] = [];
    let beyond: readonly unknown[] | undefined;
    for (;;) {
      const query = { size: PAGE, sort: [{ [ORDER]: 'asc' }], ...(beyond && { search_after: beyond }) };
      const { hits } = await ask<{ readonly hits: { readonly hits: readonly Hit[] } }>(
        'POST',
        `/${index}/_search`,
        query,
      );
      rows.push(...hits.hits.map(({ _source }) => documentOf(_source)));
      beyond = hits.hits.at(-1)?.sort;
      if (beyond === undefined) return rows;
    }
  }

  return {
    async bulk(source) {
      const found = await ask<Readonly<Record<string, { readonly mappings: object }>>>('GET', `/${source}/_mapping`);
      const { mappings } = found[source] ?? {};
      const copy = `${prefix}bulk`;
      await ask('PUT', `/${copy}`, { mappings, settings: SETTINGS });
      const rows = await rowsOf(source);
      const lots = lotsOf(rows).map((lot) => lot.map((row) => `{"index":{}}\n${JSON.stringify(row)}\n`).join(''));
      const began = performance.now();
      for (const lot of lots) await ask('POST', `/${copy}/_bulk`, lot);
      await ask('POST', `/${copy}/_refresh`);
      const ms = performance.now() - began;
      await ask('DELETE', `/${copy}`);
      return { rows: rows.length, ms };
    },
    async remove() {
      for (const index of await indices()) await ask('DELETE', `/${index}`);
    },
    close: () => Promise.resolve(),
  };
}
