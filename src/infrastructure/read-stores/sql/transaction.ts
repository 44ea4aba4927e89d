import { SqlFailure } from './failure.ts';
import type { SqlSession } from './pool.ts';

/** All that the work does in one transaction, or nothing of it. @throws CommitUnknown; what the work throws */
export async function transaction<Result>(session: SqlSession, work: () => Promise<Result>): Promise<Result> {
  let result: Result;
  try {
    await session.run('START TRANSACTION');
    result = await work();
  } catch (error) {
    await rollBack(session, error);
    throw error;
  }
  try {
    await session.run('COMMIT');
  } catch (error) {
    if (error instanceof SqlFailure && error.endsConnection) throw new CommitUnknown(error);
    await rollBack(session, error);
    throw error;
  }
  return result;
}

/** The connection was lost while the server was told to commit: it may have done so. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
  readonly failure: SqlFailure;

  constructor(failure: SqlFailure) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

/** A lost connection has rolled back by itself. */
async function rollBack(session: SqlSession, error: unknown): Promise<void> {
  if (error instanceof SqlFailure && error.endsConnection) return;
  await session.run('ROLLBACK');
}
