import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import type { KeptKey, PersonKeys } from '../../ports/person-keys.ts';
import { explainFileFailure } from '../data-dir/file-failure.ts';
import { syncDirectory } from '../data-dir/sync-directory.ts';
import { explainFailure } from '../sqlite/failure.ts';

/** Keys of people that can be moved elsewhere. */
export interface StoredPersonKeys extends PersonKeys {
  /** Everything that is kept, in any order. @throws StoreUnavailable */
  all(): AsyncIterable<readonly [person: string, kept: KeptKey]>;
}

const schemaVersion = 1;
const schema = `
  CREATE TABLE people (
    person TEXT PRIMARY KEY,
    wrapped TEXT
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
`;
const waitsMs = 5_000;
/** People in one statement at most. */
const together = 500;

interface Row {
  readonly person: string;
  /** Null: erased. */
  readonly wrapped: string | null;
}

/**
 * Keys of people in one SQLite file that only its owner can read. An erased key is written over with zeros
 * (`secure_delete`), so that nothing of it is left in the file.
 * @param options.readOnly another thread writes it, and has made it
 * @throws StoreUnavailable it cannot be opened
 */
export function openSqlitePersonKeys(options: {
  readonly path: string;
  readonly readOnly?: boolean;
}): StoredPersonKeys {
  const { path, readOnly = false } = options;
  const db = explained('cannot be opened', () => (readOnly ? openForReading(path) : openForWriting(path)));
  const rows = (sql: string, ...values: readonly SQLInputValue[]): readonly Row[] =>
    explained('cannot be read', () => db.prepare(sql).all(...values)).map(rowOf);
  const write = (sql: string, ...values: readonly SQLInputValue[]): void => {
    explained('cannot be written', () => db.prepare(sql).run(...values));
  };

  function get(people: readonly string[]): Map<string, KeptKey> {
    const found = new Map<string, KeptKey>();
    for (let start = 0; start < people.length; start += together) {
      const some = people.slice(start, start + together);
      const places = some.map(() => '?').join(', ');
      const sql = `SELECT person, wrapped FROM people WHERE person IN (${places})`;
      for (const row of rows(sql, ...some)) found.set(row.person, keptIn(row));
    }
    return found;
  }

  return {
    get: async (people) => get(people),
    async create(person, wrapped) {
      write('INSERT OR IGNORE INTO people (person, wrapped) VALUES (?, ?)', person, wrapped);
      const kept = get([person]).get(person);
      if (!kept) throw new Error(`the key of ${person} is not where it was written`);
      return kept;
    },
    async erase(person) {
      write(
        'INSERT INTO people (person, wrapped) VALUES (?, NULL) ON CONFLICT (person) DO UPDATE SET wrapped = NULL',
        person,
      );
    },
    async *all() {
      for (let after = '', more = true; more;) {
        const sql = 'SELECT person, wrapped FROM people WHERE person > ? ORDER BY person LIMIT ?';
        const page = rows(sql, after, together);
        for (const row of page) yield [row.person, keptIn(row)];
        after = page.at(-1)?.person ?? after;
        more = page.length === together;
      }
    },
    async close() {
      db.close();
    },
  };
}

/** The table is STRICT: its columns hold what they were declared to. */
function rowOf({ person, wrapped }: Record<string, SQLOutputValue>): Row {
  return { person: String(person), wrapped: wrapped === null ? null : String(wrapped) };
}

function keptIn({ wrapped }: Row): KeptKey {
  return wrapped === null ? { status: 'erased' } : { status: 'kept', wrapped };
}

function openForWriting(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  // SQLite gives its other files the mode of this one, which a restored copy may have lost.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const db = new DatabaseSync(path, { timeout: waitsMs });
  try {
    // No write-ahead log, whose pages would outlive an erasure; writes are rare. EXTRA, since FULL does not sync the directory
    // when the journal is gone: after a power failure it would be there again, and undo what was answered.
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON');
    if (versionOf(db) === 0) {
      db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
      syncDirectory(dirname(path));
    }
    return requireKnown(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: waitsMs, readOnly: true });
  try {
    return requireKnown(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

function requireKnown(db: DatabaseSync): DatabaseSync {
  const version = versionOf(db);
  if (version !== schemaVersion) throw new Error(`the keys of people are kept in an unknown way (${version})`);
  return db;
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}

function explained<Result>(what: string, work: () => Result): Result {
  const message = `the store of people's keys ${what}`;
  try {
    return work();
  } catch (error) {
    throw explainFileFailure(message, explainFailure(message, error));
  }
}
