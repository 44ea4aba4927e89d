import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ModelUnusable } from '../../../ports/read-stores.ts';
import { openFailure } from './failure.ts';
import type { RowTable } from './row-table.ts';
import type { AnyRow } from '../../../ports/read-model.ts';

/** Of the tables that every model has. A file with another layout is built anew. */
const LAYOUT = 1;

/** What a file is before it is complete: a crash in the middle of making one leaves this. */
const UNFINISHED = 0;

const OWN_TABLES = `
  CREATE TABLE annals_checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
  INSERT INTO annals_checkpoint VALUES (1, 0);
  CREATE TABLE annals_dead_letters (
    stream TEXT NOT NULL,
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    error TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    parked_at TEXT NOT NULL,
    PRIMARY KEY (stream, position)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * NORMAL: a commit is safe from a killed process; power loss may take the last commits, checkpoint and rows alike, and
 * the log gives them back. A row that is taken away, because its person was erased, is written over as well.
 */
const FOR_USE = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -4096;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA secure_delete = FAST;
`;

/** Nobody reads a file that is being built and a crash throws it away, so nothing is synced until it is complete. */
const FOR_BUILDING = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = MEMORY;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -8192;
  PRAGMA temp_store = FILE;
`;

/** A lock held by a backup tool: short, because it is the main thread that waits. */
const WAITS_MS = 50;

/** @throws ModelUnusable there is no such file, it is unfinished or damaged; StoreUnavailable */
export function openModelFile(path: string): DatabaseSync {
  if (!existsSync(path)) throw new ModelUnusable(`there is no ${path}`);
  return opening(path, (db) => {
    const layout = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (layout !== LAYOUT) throw new ModelUnusable(`${path} has layout ${layout}, not ${LAYOUT}`);
    db.exec(FOR_USE);
  });
}

/** A new file, ready for use. @throws StoreUnavailable */
export function createModelFile(path: string, table: RowTable<AnyRow>): DatabaseSync {
  removeModelFile(path);
  return opening(path, (db) => {
    db.exec(FOR_USE);
    transaction(db, () => {
      for (const sql of [OWN_TABLES, ...table.tables, ...table.indexes]) db.exec(sql);
      markFinished(db);
    });
  });
}

/** A new file for bulk loading, unfinished until `markFinished`. @throws StoreUnavailable */
export function createBuildFile(path: string, table: RowTable<AnyRow>): DatabaseSync {
  removeModelFile(path);
  return opening(path, (db) => {
    db.exec(FOR_BUILDING);
    transaction(db, () => {
      for (const sql of [OWN_TABLES, ...table.tables]) db.exec(sql);
      db.exec(`PRAGMA user_version = ${UNFINISHED}`);
    });
  });
}

export function markFinished(db: DatabaseSync): void {
  db.exec(`PRAGMA user_version = ${LAYOUT}`);
}

/** Removes a file and what SQLite keeps beside it. */
export function removeModelFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
}

/** All that is done in between, or nothing of it. */
export function transaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function opening(path: string, prepare: (db: DatabaseSync) => void): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: WAITS_MS });
    prepare(db);
    return db;
  } catch (error) {
    db?.close();
    throw openFailure(path, error);
  }
}
