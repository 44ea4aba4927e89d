import {
  Kysely,
  OperationNodeTransformer,
  TableNode,
  type CompiledQuery,
  type DatabaseConnection,
  type KyselyPlugin,
} from 'kysely';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import type { RelationalReader } from '../../../ports/read-stores.ts';
import { sqlDialect, textOf } from './dialect.ts';
import { isMissingTable, mayPass, readFailure } from './failure.ts';
import type { SqlPool, SqlRow } from './pool.ts';
import { FULL_ID } from './row-id.ts';
import { withFullId } from './row-reads.ts';

const QUERY = /^\s*(select|with)\b/i;

export interface ReaderOptions {
  /** Of the model, for messages. */
  readonly name: string;
  /** Whose server refuses writes, whatever a statement begins with. */
  readonly readers: SqlPool;
  /** As queries name the model's table, and as it is named in the database. */
  readonly table: string;
  readonly versioned: string;
  readonly isClosed: () => boolean;
}

/** The table of one version of a model through kysely, for reading only. */
export function relationalReader(options: ReaderOptions): RelationalReader {
  const { table, versioned } = options;
  const connection = readingConnection(options);
  const dialect = sqlDialect({ acquireConnection: async () => connection, releaseConnection: async () => undefined });
  // Which tables there are is a matter of types alone, and the one who asks names them.
  const kysely: object = new Kysely<never>({ dialect, plugins: [renaming(table, versioned)] });
  return { kind: 'relational', db: <Database>() => kysely as Kysely<Database> };
}

/** Takes a connection for each query: a lost one then costs nothing but another try. */
function readingConnection({ name, readers, isClosed }: ReaderOptions): DatabaseConnection {
  function textToRead(query: CompiledQuery): string {
    if (!QUERY.test(query.sql)) throw new Error(`read models are written by their projectors only: ${query.sql}`);
    if (isClosed()) throw new Error(`the read model ${name} is closed`);
    return textOf(query);
  }

  return {
    async executeQuery<Row>(query: CompiledQuery) {
      const sql = textToRead(query);
      for (let tried = 1; ; tried++) {
        try {
          const { rows } = await readers.session((session) => session.run(sql));
          return { rows: told(rows) as Row[] };
        } catch (error) {
          if (!mayPass(error, tried)) throw failure(name, error);
        }
      }
    },
    async *streamQuery<Row>(query: CompiledQuery) {
      const sql = textToRead(query);
      try {
        const session = await readers.acquire();
        try {
          for await (const row of session.stream(sql)) yield { rows: told([row]) as Row[] };
        } finally {
          session.release();
        }
      } catch (error) {
        throw failure(name, error);
      }
    },
  };
}

/** A version can be dropped while somebody still reads it: the next query finds the one that took its place. */
function failure(name: string, error: unknown): unknown {
  if (!isMissingTable(error)) return readFailure(name, error);
  return new StoreUnavailable(`the read model ${name} has gone from the database`, { cause: error });
}

/** Rows as the model has them. */
function told(rows: readonly SqlRow[]): readonly SqlRow[] {
  const [first] = rows;
  return first !== undefined && FULL_ID in first ? rows.map(withFullId) : rows;
}

/** Reads the table of one version wherever a query names the model's. */
function renaming(table: string, versioned: string): KyselyPlugin {
  const renamed = TableNode.create(versioned);
  class Renaming extends OperationNodeTransformer {
    protected override transformTable(node: TableNode): TableNode {
      return node.table.schema === undefined && node.table.identifier.name === table ? renamed : node;
    }
  }
  const transformer = new Renaming();
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  };
}
