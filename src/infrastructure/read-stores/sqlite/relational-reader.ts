import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import type { RelationalReader } from '../../../ports/read-stores.ts';
import { readFailure } from './failure.ts';
import { statementCache } from './statement-cache.ts';

const QUERY = /^\s*(select|with)\b/i;

/** The tables of one model's file through kysely, for reading only. */
export function relationalReader(name: string, db: DatabaseSync): RelationalReader {
  // Which tables there are is a matter of types alone, and the one who asks names them.
  const kysely: object = new Kysely<never>({ dialect: new SqliteDialect({ database: readOnly(name, db) }) });
  return { kind: 'relational', db: <Database>() => kysely as Kysely<Database> };
}

/**
 * What kysely needs of a database, on the projector's own connection: a second one would have to read again what the
 * first has in its cache. Writes are refused, transactions too: they would swallow the projector's.
 */
function readOnly(name: string, db: DatabaseSync): SqliteDatabase {
  const prepare = statementCache(db);
  return {
    prepare(sql): SqliteStatement {
      if (!QUERY.test(sql)) throw new Error(`read models are written by their projectors only: ${sql}`);
      const statement = reading(name, () => prepare(sql));
      return {
        reader: true,
        all: (parameters) => reading(name, () => statement.all(...parameters.map(bindable))),
        run: () => refuse(sql),
        iterate: (parameters) => iterate(name, statement, parameters),
      };
    },
    // The store closes the connection; kysely has no say in it.
    close: () => undefined,
  };
}

/** All rows at once, so that no statement stays open while the projector writes. */
function* iterate(name: string, statement: StatementSync, parameters: readonly unknown[]): Generator {
  yield* reading(name, () => statement.all(...parameters.map(bindable)));
}

function reading<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw readFailure(name, error);
  }
}

function refuse(sql: string): never {
  throw new Error(`read models are written by their projectors only: ${sql}`);
}

/** @throws TypeError for what SQLite has no type for */
function bindable(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return value;
  }
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`${typeof value} is not a value that can be compared with a column`);
}
