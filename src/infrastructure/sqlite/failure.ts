import { StoreUnavailable } from '../../ports/unavailable.ts';

/** Primary result codes that say something about the disk or the file, not about the statement. https://sqlite.org/rescode.html */
const REASONS: ReadonlyMap<number, string> = new Map([
  [5, 'another process holds its lock'],
  [7, 'memory has run out'],
  [8, 'it is read-only'],
  [10, 'the disk reports an I/O error'],
  [11, 'the file is damaged'],
  [13, 'the disk is full'],
  [14, 'the file cannot be opened'],
  [15, 'its lock protocol failed'],
  [19, 'another process has written to the file'],
  [26, 'the file is not a database'],
]);

const CONSTRAINT = 19;

/** Busy, read-only and full are said before the last page of a transaction is written. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([5, 8, 13]);

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

export function isSqliteError(error: unknown): boolean {
  return primaryCode(error) !== undefined;
}

/** True when a commit that failed like this has certainly not happened. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(primaryCode(error));
}

/** True when a row stood where this writer, the only one, believed that none did. */
export function isConstraintViolation(error: unknown): boolean {
  return primaryCode(error) === CONSTRAINT;
}

/**
 * StoreUnavailable when SQLite failed because of the disk or the file; any other error, being a mistake in the
 * program, comes back unchanged. `what` begins the message: "the event store cannot write".
 */
export function explainFailure(what: string, error: unknown): unknown {
  const code = primaryCode(error);
  const reason = code === undefined ? undefined : REASONS.get(code);
  return reason === undefined ? error : new StoreUnavailable(`${what}: ${reason}`, { cause: error });
}
