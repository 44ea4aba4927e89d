import type { DatabaseSync } from 'node:sqlite';
import type { Position } from '../../../ports/event-store.ts';
import { CheckpointMoved, type AnyRow, type ModelStore, type RowChange } from '../../../ports/read-model.ts';
import { deadLetterTable } from './dead-letters.ts';
import { readFailure, writeFailure } from './failure.ts';
import type { RowStatements, RowTable } from './row-table.ts';

/** Rows read at a time when all are read: no statement stays open between two of them. */
const PAGE = 500;

export interface ModelStoreHooks {
  /** A change was written; the write-ahead log now has so many pages. */
  readonly written: (pages: number) => void;
  /** Awaited before the file is closed. */
  readonly closing: () => Promise<void>;
}

/**
 * The writer's side of one model's file. Every call is done when it returns, so that nothing a query does falls into
 * the middle of a change.
 */
export function createModelStore(
  name: string,
  db: DatabaseSync,
  table: RowTable<AnyRow>,
  hooks?: ModelStoreHooks,
): ModelStore<AnyRow> {
  const rows = table.prepare(db);
  const letters = deadLetterTable(db);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const checkpoint = db.prepare('SELECT position FROM annals_checkpoint');
  // Looks, and copies nothing. https://sqlite.org/pragma.html#pragma_wal_checkpoint
  const logPages = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const move = db.prepare('UPDATE annals_checkpoint SET position = ? WHERE position = ?');

  function moveCheckpoint(from: Position, to: Position): void {
    if (move.run(to, from).changes !== 1) throw new CheckpointMoved(`the checkpoint of ${name} is no longer ${from}`);
  }

  function reading<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw readFailure(name, error);
    }
  }

  async function* allRows(): AsyncGenerator<AnyRow> {
    let beyond = '';
    for (;;) {
      const page = reading(() => rows.page(beyond, PAGE));
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      beyond = last.id;
    }
  }

  return {
    checkpoint: async () => reading(() => Number(checkpoint.get()?.['position'])),
    load: async (ids) =>
      reading(() => {
        const found = new Map<string, AnyRow>();
        for (const id of ids) {
          const row = rows.load(id);
          if (row !== undefined) found.set(id, row);
        }
        return found;
      }),
    async apply(change) {
      try {
        begin.run();
        moveCheckpoint(change.from, change.to);
        for (const row of change.rows) write(rows, row);
        if (change.park !== undefined || change.resolve !== undefined) letters.write(change);
        commit.run();
        hooks?.written(Number(logPages.get()?.['log']));
      } catch (error) {
        if (db.isOpen && db.isTransaction) db.exec('ROLLBACK');
        throw writeFailure(name, error);
      }
    },
    deadLetters: async () => reading(() => letters.all()),
    rows: allRows,
    count: async () => reading(() => rows.count()),
    async close() {
      await hooks?.closing();
      if (db.isOpen) db.close();
    },
  };
}

function write(rows: RowStatements<AnyRow>, { before, after }: RowChange<AnyRow>): void {
  if (after === undefined) {
    if (before !== undefined) rows.remove(before);
  } else if (before === undefined) rows.insert(after);
  else rows.update(before, after);
}
