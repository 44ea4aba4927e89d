import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { openSqlReadStores, type SqlReadStores } from '../../../src/infrastructure/read-stores/sql.ts';

export interface TestDatabase {
  readonly url: string;
  /** Runs one statement in it and answers its rows. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Names of all its tables. */
  tables(): Promise<readonly string[]>;
  /** Opens stores on it, by another way to the same server if need be; `remove` closes them. */
  open(options?: {
    readonly url?: string;
    readonly prefix?: string;
    readonly migrations?: 'auto' | 'refuse';
  }): SqlReadStores;
  remove(): Promise<void>;
}

/** A database of its own on the server of this URL. */
export async function makeDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `annals_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl);
  const admin = await createConnection(url.href);
  await admin.query(`CREATE DATABASE ${name} CHARACTER SET latin1`);
  await admin.query(`USE ${name}`);
  url.pathname = `/${name}`;
  const opened: SqlReadStores[] = [];

  async function query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const [rows] = await admin.query(sql);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  }

  return {
    url: url.href,
    query,
    tables: async () => (await query('SHOW TABLES')).map((row) => String(Object.values(row)[0])).sort(),
    open(options = {}) {
      const stores = openSqlReadStores({ url: url.href, ...options });
      opened.push(stores);
      return stores;
    },
    async remove() {
      await Promise.all(opened.map((stores) => stores.close()));
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}
