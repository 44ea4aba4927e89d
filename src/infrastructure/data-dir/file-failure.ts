import { StoreUnavailable } from '../../ports/unavailable.ts';

/** What a file system says for itself or for its disk; any other code is a mistake in the program. */
const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission is denied'],
  ['EPERM', 'permission is denied'],
  ['ENOENT', 'the directory is not there'],
  ['ENOTDIR', 'the directory is a file'],
  ['EIO', 'the disk reports an I/O error'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
]);

/** The system's code of a failed call, such as ENOENT. */
export function fileErrorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * StoreUnavailable when a call failed because of the file system; any other error comes back unchanged. `what` begins
 * the message: "the blob store cannot be used".
 */
export function explainFileFailure(what: string, error: unknown): unknown {
  const reason = REASONS.get(fileErrorCode(error));
  return reason === undefined ? error : new StoreUnavailable(`${what}: ${reason}`, { cause: error });
}
