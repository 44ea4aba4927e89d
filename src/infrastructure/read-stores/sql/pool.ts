import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2';
import { typeCast } from './cells.ts';
import { sqlFailure } from './failure.ts';

const CONNECT_MS = 3_000;
/** For ordinary statements: longer than any of them takes, short enough for whoever waits for a server that is stuck. */
const STATEMENT_MS = 5_000;
const LOCK_WAIT_S = 2;
/** For whole tables: dropping one waits for those who read it. */
const TABLE_LOCK_WAIT_S = 8;
const MOST_CONNECTIONS = 8;
const MOST_WAITING = 1_000;
/** For a good-bye to the server. */
const CLOSE_MS = 1_000;

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlResult {
  readonly rows: readonly SqlRow[];
  /** Rows that a condition matched, changed or not; an upsert counts 1 for a row it adds and 2 for one it changes. */
  readonly affected: number;
}

/** One connection, for as long as its user has it. */
export interface SqlSession {
  /** @throws SqlFailure */
  run(sql: string, options?: { readonly timeoutMs?: number }): Promise<SqlResult>;
  /** Rows as they come. Ends the connection. */
  stream(sql: string): AsyncGenerator<SqlRow>;
  /** Gives the connection back; the session is over. */
  release(): void;
}

/**
 * Connections to one server, opened when they are needed. One that has failed is never used again, nor are those that
 * were opened before it failed: the network may have forgotten all of them without a word.
 */
export interface SqlPool {
  /** @throws SqlFailure `unreachable` among others */
  acquire(): Promise<SqlSession>;
  /** Lends a connection to some work. */
  session<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** Said on every connection before anything else. Comments with a mark are read by one of the two servers only. */
function setup(access: 'read' | 'write'): readonly string[] {
  const longest =
    access === 'read'
      ? ` /*M! , max_statement_time = ${STATEMENT_MS / 1_000} */ /*!80000 , max_execution_time = ${STATEMENT_MS} */`
      : '';
  return [
    'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
    `SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION', autocommit = 1,
      innodb_lock_wait_timeout = ${LOCK_WAIT_S}, lock_wait_timeout = ${TABLE_LOCK_WAIT_S}${longest}`,
    `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ${access === 'read' ? 'ONLY' : 'WRITE'}`,
  ];
}

const UNLIMITED = 'SET SESSION autocommit = 1 /*M! , max_statement_time = 0 */ /*!80000 , max_execution_time = 0 */';

/**
 * @param access with `read`, the server itself refuses every write
 * @throws TypeError the URL is none, or names no database
 */
export function openSqlPool(url: string, access: 'read' | 'write'): SqlPool {
  requireDatabase(url);
  const pool = createPool({
    uri: url,
    connectTimeout: CONNECT_MS,
    connectionLimit: MOST_CONNECTIONS,
    queueLimit: MOST_WAITING,
    // Rows that a condition matched are counted, changed or not.
    flags: ['FOUND_ROWS'],
    charset: 'UTF8MB4_BIN',
    supportBigNumbers: true,
    bigNumberStrings: true,
    multipleStatements: false,
    dateStrings: true,
    typeCast,
  });
  /** Of connections that are set up: how many had failed by then. */
  const prepared = new WeakMap<PoolConnection, number>();
  let failed = 0;
  const open = new Set<PoolConnection>();
  pool.on('connection', (connection) => {
    open.add(connection);
    connection.once('end', () => open.delete(connection));
    connection.once('error', () => open.delete(connection));
  });
  const getConnection = promisify(pool.getConnection.bind(pool));

  async function connect(): Promise<PoolConnection> {
    for (;;) {
      const connection = await getConnection();
      const failedBefore = prepared.get(connection);
      if (failedBefore === failed) return connection;
      if (failedBefore === undefined) return await prepare(connection);
      connection.destroy();
    }
  }

  async function prepare(connection: PoolConnection): Promise<PoolConnection> {
    try {
      for (const sql of setup(access)) await connection.promise().query({ sql, timeout: CONNECT_MS });
    } catch (error) {
      connection.destroy();
      throw error;
    }
    prepared.set(connection, failed);
    return connection;
  }

  async function acquire(): Promise<SqlSession> {
    try {
      return session(await connect(), () => failed++);
    } catch (error) {
      throw sqlFailure(error, { connecting: true });
    }
  }

  return {
    acquire,
    async session(work) {
      const session = await acquire();
      try {
        return await work(session);
      } finally {
        session.release();
      }
    },
    async close() {
      await Promise.race([saidGoodBye(pool), sleep(CLOSE_MS, undefined, { ref: false })]);
      // A server that does not answer must not hold up whoever leaves.
      for (const connection of open) connection.destroy();
    },
  };
}

/** Settles when every connection has ended, however it did. */
function saidGoodBye(pool: Pool): Promise<void> {
  return new Promise((resolve) => {
    pool.end(() => resolve());
  });
}

function session(connection: PoolConnection, onEnd: () => void): SqlSession {
  const promised = connection.promise();
  let isUsable = true;
  return {
    async run(sql, { timeoutMs = STATEMENT_MS } = {}) {
      try {
        const [result] = await promised.query({ sql, timeout: timeoutMs });
        return resultOf(result);
      } catch (error) {
        const failure = sqlFailure(error);
        if (failure.endsConnection) {
          if (isUsable) onEnd();
          isUsable = false;
        }
        throw failure;
      }
    },
    async *stream(sql) {
      // However this ends, rows may still be on their way.
      isUsable = false;
      try {
        await promised.query({ sql: UNLIMITED, timeout: STATEMENT_MS });
        for await (const row of connection.query({ sql, typeCast }).stream()) yield row as SqlRow;
      } catch (error) {
        throw sqlFailure(error);
      }
    },
    release() {
      if (isUsable) connection.release();
      else connection.destroy();
    },
  };
}

function resultOf(result: unknown): SqlResult {
  // One statement at a time: rows, or what a write says of itself.
  if (Array.isArray(result)) return { rows: result as SqlRow[], affected: 0 };
  return { rows: [], affected: (result as ResultSetHeader).affectedRows };
}

function requireDatabase(url: string): void {
  // The parser's own error would carry the URL, and the password in it, along.
  if (!URL.canParse(url)) throw new TypeError('this is not the URL of a MySQL or MariaDB database');
  if (new URL(url).pathname.length < 2)
    throw new TypeError('the URL names no database: mysql://user@host:3306/database');
}
