import { randomUUID } from 'node:crypto';
import {
  openElasticsearchReadStores,
  type ElasticsearchReadStores,
  type ElasticsearchReadStoresOptions,
} from '../../../src/infrastructure/read-stores/elasticsearch.ts';

/** Indices of its own on an Elasticsearch. */
export interface ElasticsearchTestPlace {
  readonly prefix: string;
  open(options?: Partial<ElasticsearchReadStoresOptions>): ElasticsearchReadStores;
  /** Asks the server past the read stores. */
  ask(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Closes what was opened and removes the indices. */
  remove(): Promise<void>;
}

export function elasticsearchPlace(url: string): ElasticsearchTestPlace {
  const prefix = `t${randomUUID().replaceAll('-', '')}_`;
  const opened: ElasticsearchReadStores[] = [];

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, url), {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  }

  return {
    prefix,
    ask,
    open(options = {}) {
      const stores = openElasticsearchReadStores({ url, prefix, ...options });
      opened.push(stores);
      return stores;
    },
    async remove() {
      await Promise.all(opened.map((stores) => stores.close()));
      const indices = Object.keys(Object(await ask('GET', `/${prefix}*/_alias`)));
      if (indices.length > 0) await ask('DELETE', `/${indices.join(',')}`);
    },
  };
}
