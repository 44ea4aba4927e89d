import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Segment, SegmentStore } from '../../ports/audit-record.ts';

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE segments (
    sequence INTEGER PRIMARY KEY,
    size INTEGER NOT NULL UNIQUE,
    position INTEGER NOT NULL UNIQUE,
    checkpoint TEXT NOT NULL,
    frontier BLOB NOT NULL,
    entries BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const ALL = 'sequence, size, position, entries, frontier, checkpoint';
const WAITS_MS = 5_000;

/**
 * What was sealed, in one SQLite file: a row for each checkpoint, written whole or not at all.
 * @param mode `read`: another thread or process writes it, or nobody does
 */
export function openSegmentStore(path: string, mode: 'read' | 'write'): SegmentStore {
  if (mode === 'write') mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: WAITS_MS, readOnly: mode === 'read' });
  try {
    // No write-ahead log: the directory may be shared by processes on several machines, and writes are rare.
    if (mode === 'write') db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL');
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0 && mode === 'write') db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    else if (version !== SCHEMA_VERSION) throw new Error(`what was sealed is kept in an unknown way (${version})`);
  } catch (error) {
    db.close();
    throw error;
  }
  const last = db.prepare(`SELECT ${ALL} FROM segments ORDER BY sequence DESC LIMIT 1`);
  const get = db.prepare(`SELECT ${ALL} FROM segments WHERE sequence = ?`);
  const holding = db.prepare(`SELECT ${ALL} FROM segments WHERE size > ? ORDER BY size LIMIT 1`);
  const reaching = db.prepare(`SELECT ${ALL} FROM segments WHERE position >= ? ORDER BY position LIMIT 1`);
  const list = (order: string) =>
    db.prepare(`SELECT sequence, size, position, checkpoint FROM segments WHERE sequence ${order} LIMIT ?`);
  const [forward, backward] = [list('> ? ORDER BY sequence'), list('< ? ORDER BY sequence DESC')];
  let add: StatementSync | undefined;
  // The table is STRICT: a column has the type that it was declared with.
  const segment = (row: unknown) => row as Segment | undefined;

  return {
    last: () => segment(last.get()),
    get: (sequence) => segment(get.get(sequence)),
    reaching: (position) => segment(reaching.get(position)),
    holding: (index) => segment(holding.get(index)),
    checkpoints: ({ beyond, limit, direction }) =>
      (direction === 'forward'
        ? forward.all(beyond ?? 0, limit)
        : backward.all(beyond ?? Number.MAX_SAFE_INTEGER, limit)) as unknown[] as Segment[],
    add({ sequence, size, position, checkpoint, frontier, entries }) {
      add ??= db.prepare(
        'INSERT OR IGNORE INTO segments (sequence, size, position, checkpoint, frontier, entries) VALUES (?, ?, ?, ?, ?, ?)',
      );
      const { changes } = add.run(sequence, size, position, checkpoint, frontier, entries);
      return changes === 1 || segment(get.get(sequence))?.checkpoint === checkpoint ? 'added' : 'taken';
    },
    close: () => db.close(),
  };
}
