import { accessSync, constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { explainFileFailure } from '../../data-dir/file-failure.ts';
import { syncDirectory } from '../../data-dir/sync-directory.ts';
import { explainFailure } from '../../sqlite/failure.ts';
import { prepareQueries } from './log-queries.ts';
import type { LogQueries } from './log-queries.ts';

const SCHEMA_VERSION = 1;

/**
 * `data` stands last, so that scans which filter by stream or type never read the overflow pages of large events.
 * The one index beside the primary key is the one that keeps a stream's revisions unique: each further index would
 * cost every append a page.
 */
const SCHEMA = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    type TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** How long a statement waits for a lock that a backup tool may hold. Short: it is the main thread that waits. */
const WRITER_WAITS_MS = 250;
const READER_WAITS_MS = 5_000;

export interface OpenLog {
  readonly db: DatabaseSync;
  readonly queries: LogQueries;
}

/** The event log's file and the one connection to it, reopened after it had to be given up. */
export class LogFile {
  readonly path: string;
  readonly #open: () => DatabaseSync;
  #current: OpenLog | undefined;
  #closed = false;

  constructor(path: string, mode: 'write' | 'read') {
    this.path = path;
    this.#open = mode === 'write' ? () => openForWriting(path) : () => openForReading(path);
  }

  /** The open log, opened when it is not. @throws StoreUnavailable */
  use(): OpenLog {
    if (this.#current !== undefined) return this.#current;
    if (this.#closed) throw new StoreUnavailable('the event store is closed');
    try {
      const db = this.#open();
      this.#current = { db, queries: prepareQueries(db) };
      return this.#current;
    } catch (error) {
      // Only the name: whoever asks the server may read this message, and need not know where its data lies.
      const what = `the event store ${basename(this.path)} cannot be opened`;
      throw explainFileFailure(what, explainFailure(what, error));
    }
  }

  /** Gives up a connection that is no longer to be trusted; the next use opens another. */
  discard(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.db.close();
  }

  close(): void {
    this.#closed = true;
    this.discard();
  }
}

function openForWriting(path: string): DatabaseSync {
  // Asked first because the system says why not; SQLite would say only that it could not.
  accessSync(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK);
  const db = new DatabaseSync(path, { timeout: WRITER_WAITS_MS });
  try {
    const journal = db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
    if (journal !== 'wal') throw new StoreUnavailable('this file system does not allow a write-ahead log');
    db.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864');
    const version = schemaVersion(db);
    if (version === 0) {
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
      syncDirectory(dirname(path));
    } else refuseOtherVersion(path, version);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: READER_WAITS_MS });
  try {
    refuseOtherVersion(path, schemaVersion(db));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}

function refuseOtherVersion(path: string, version: number): void {
  if (version === SCHEMA_VERSION) return;
  throw new StoreUnavailable(
    `${basename(path)} has event schema ${version}; this version of Annals reads ${SCHEMA_VERSION}`,
  );
}

/**
 * Settles what a failed COMMIT left open, and throws when it cannot. Pages of the failed transaction may lie whole in
 * the write-ahead log though they never reached the disk: a commit of its own either stands behind them or writes
 * over them, and the checkpoint then writes whatever stands anew and syncs it.
 */
export function settleDoubt({ db }: OpenLog): void {
  db.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  const busy = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'];
  if (busy !== 0) throw new StoreUnavailable('the event store cannot write: its log is still being settled');
}
