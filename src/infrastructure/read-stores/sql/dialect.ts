import {
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
} from 'kysely';
import { filled } from './literal.ts';
import type { SqlSession } from './pool.ts';

/** Kysely's MySQL dialect on connections that are handed out here. */
export function sqlDialect(driver: Pick<Driver, 'acquireConnection' | 'releaseConnection'>): Dialect {
  return {
    createAdapter: () => new MysqlAdapter(),
    createIntrospector: (db) => new MysqlIntrospector(db),
    createQueryCompiler: () => new MysqlQueryCompiler(),
    createDriver: () => ({
      ...driver,
      init: async () => undefined,
      // Changes of several statements go through a model's store.
      beginTransaction: noTransactions,
      commitTransaction: noTransactions,
      rollbackTransaction: noTransactions,
      // Whoever opened the pool closes it.
      destroy: async () => undefined,
    }),
  };
}

/** Runs on one session, whose statements may take so long. */
export function sessionDriver(session: SqlSession, timeoutMs: number): Parameters<typeof sqlDialect>[0] {
  const connection: DatabaseConnection = {
    async executeQuery<Row>(query: CompiledQuery) {
      const { rows, affected } = await session.run(textOf(query), { timeoutMs });
      // The types of rows are a promise of whoever wrote the query.
      return { rows: [...rows] as Row[], numAffectedRows: BigInt(affected) };
    },
    async *streamQuery() {
      yield* [];
      throw new Error('rows are streamed from read models only');
    },
  };
  return { acquireConnection: async () => connection, releaseConnection: async () => undefined };
}

export function textOf({ sql, parameters }: CompiledQuery): string {
  return filled(sql, parameters);
}

async function noTransactions(): Promise<never> {
  throw new Error('read models are written by their projectors only: there are no transactions here');
}
