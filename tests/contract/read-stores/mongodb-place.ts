import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient, MongoServerError, type Db } from 'mongodb';
import {
  openMongoReadStores,
  type MongoReadStores,
  type MongoReadStoresOptions,
} from '../../../src/infrastructure/read-stores/mongo.ts';

/** Nothing was done: a test beside this one has the primary step down. */
const WITHOUT_PRIMARY: ReadonlySet<unknown> = new Set([189, 10107, 11602, 13435, 13436]);

/** A database of its own on a MongoDB. */
export interface MongoTestPlace {
  /** Names the database. */
  readonly url: string;
  readonly name: string;
  open(options?: Partial<MongoReadStoresOptions>): MongoReadStores;
  /** Looks at the database past the read stores. */
  within<Result>(work: (db: Db) => Promise<Result>): Promise<Result>;
  /** Closes what was opened and drops the database. */
  remove(): Promise<void>;
}

export function mongoPlace(engine: string): MongoTestPlace {
  const name = `annals_test_${randomUUID().replaceAll('-', '')}`;
  const url = withDatabase(engine, name);
  const opened: MongoReadStores[] = [];

  async function within<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
    const client = new MongoClient(url);
    try {
      for (;;) {
        try {
          return await work(client.db(name));
        } catch (error) {
          if (!(error instanceof MongoServerError) || !WITHOUT_PRIMARY.has(error.code)) throw error;
        }
        await pause(50);
      }
    } finally {
      await client.close();
    }
  }

  return {
    url,
    name,
    within,
    open(options = {}) {
      const stores = openMongoReadStores({ url, ...options });
      opened.push(stores);
      return stores;
    },
    async remove() {
      await Promise.all(opened.map((stores) => stores.close()));
      await within((db) => db.dropDatabase());
    },
  };
}

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  const { protocol, username, password, host, search } = new URL(url);
  const user = username === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`;
  return `${protocol}//${user}${host}/${name}${search}`;
}

/** The same database, by way of an address that the replica set does not know of. */
export function directly(url: string, address: { readonly host: string; readonly port: number }): string {
  const { protocol, username, password, pathname } = new URL(url);
  const user = username === '' ? '' : `${username}:${password}@`;
  const source = username === '' ? '' : '&authSource=admin';
  return `${protocol}//${user}${address.host}:${address.port}${pathname}?directConnection=true${source}`;
}
