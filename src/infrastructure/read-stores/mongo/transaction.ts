import { MongoError, type ClientSession } from 'mongodb';

/** Reads see one moment, and what is answered is on the disks of a majority. */
const TRANSACTION = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 5_000 },
  readPreference: 'primary',
} as const;

/** Beside the client library's own second try. */
const COMMITS = 2;

/**
 * All that the work does in one transaction, or nothing of it. Of a session that had another transaction before, the
 * server ends that one first, should it still be open.
 * @throws CommitUnknown; what the work throws
 */
export async function transaction(session: ClientSession, work: () => Promise<void>): Promise<void> {
  session.startTransaction(TRANSACTION);
  try {
    await work();
  } catch (error) {
    await session.abortTransaction();
    throw error;
  }
  for (let tried = 1; ; tried++) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      const isOpen = error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult');
      if (!isOpen || tried === COMMITS) throw new CommitUnknown(error);
    }
  }
}

/** A commit was asked for and not confirmed: it may have happened. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
  /** Why it was not confirmed. */
  readonly failure: unknown;

  constructor(failure: unknown) {
    super(failure instanceof Error ? failure.message : String(failure), { cause: failure });
    this.failure = failure;
  }
}
