import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { explainFailure } from '../sqlite/failure.ts';
import { explainFileFailure, fileErrorCode } from './file-failure.ts';
import { makeDirectory } from './make-directory.ts';

const SQLITE_BUSY = 5;

/** Another process works on the data directory; two writers would tear the log apart. */
export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
}

export interface DataDirLock {
  /** Lets another process have the directory. Doing it twice does nothing. */
  release(): void;
}

/** What nobody else holds on to would be collected, and open its lock. */
const held = new Set<DatabaseSync>();

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** RFC 3339, UTC. */
  readonly since: string;
}

/**
 * Creates the data directory (mode 0700) when it is missing and takes it for this process alone. The lock is the
 * kernel's, on `lock.sqlite`, so it ends with the process however that ends; `lock.json` beside it only says who holds
 * it. File systems without POSIX locks (some network shares) cannot be used.
 * @throws DataDirInUse another process has it; the message says which, and since when
 * @throws StoreUnavailable the directory cannot be created or written
 */
export function lockDataDir(dir: string): DataDirLock {
  const path = resolve(dir);
  const ownerFile = join(path, 'lock.json');
  const db = inDirectory(path, () => {
    makeDirectory(path);
    return new DatabaseSync(join(path, 'lock.sqlite'));
  });
  try {
    inDirectory(path, () => db.exec('BEGIN EXCLUSIVE'));
    inDirectory(path, () => writeOwner(ownerFile));
  } catch (error) {
    db.close();
    throw isBusy(error) ? new DataDirInUse(describeOwner(path, readOwner(ownerFile)), { cause: error }) : error;
  }
  held.add(db);
  return {
    release: () => {
      if (!db.isOpen) return;
      held.delete(db);
      // The name goes first: after the lock is gone it might already be the next owner's.
      rmSync(ownerFile, { force: true });
      db.close();
    },
  };
}

function writeOwner(file: string): void {
  const owner: Owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  writeFileSync(`${file}.tmp`, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** Undefined while the owner has the lock and has not yet written its name. */
function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function describeOwner(path: string, owner: Owner | undefined): string {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host}, since ${owner.since}`;
  return `the data directory ${path} is in use by ${who}; stop it first, or choose another directory`;
}

function inDirectory<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) throw error;
    const what = `the data directory ${path} cannot be used`;
    throw explainFileFailure(what, explainFailure(what, error));
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}
