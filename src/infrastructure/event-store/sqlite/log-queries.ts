import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventFilter, Position, Revision } from '../../../ports/event-store.ts';
import { NO_STREAM } from '../../../ports/event-store.ts';

/** Position, stream, revision, type, metadata, data. Arrays are read at half the cost of objects. */
export type EventRow = readonly [Position, string, Revision, string, string, string];

const COLUMNS = 'position, stream, revision, type, metadata, data';
const IN_TYPES = 'type IN (SELECT value FROM json_each(?))';
const IN_CATEGORIES = `iif(instr(stream, '-'), substr(stream, 1, instr(stream, '-') - 1), stream)
  IN (SELECT value FROM json_each(?))`;

/** The statements of the log. Each promises rows in the order asked for and none beyond the position `through`. */
export interface LogQueries {
  insert(
    position: Position,
    stream: string,
    revision: Revision,
    type: string,
    recordedAt: number,
    metadata: string,
    data: string,
  ): void;
  head(): Position;
  recordedAt(position: Position): number;
  /** The revision of a stream's last event, NO_STREAM when it has none. */
  streamHead(stream: string): Revision;
  all(after: Position, through: Position, limit: number): readonly EventRow[];
  filtered(after: Position, through: Position, limit: number, filter: EventFilter): readonly EventRow[];
  forward(stream: string, from: Revision, through: Position, limit: number): readonly EventRow[];
  backward(stream: string, from: Revision, through: Position, limit: number): readonly EventRow[];
}

/** Prepares them on one connection; statements that only a writer needs are prepared when first used. */
export function prepareQueries(db: DatabaseSync): LogQueries {
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const number = (row: unknown): number | undefined => (row as readonly [number | null] | undefined)?.[0] ?? undefined;
  const rows = (all: readonly unknown[]): readonly EventRow[] => all as readonly EventRow[];

  const range = `SELECT ${COLUMNS} FROM events WHERE position > ? AND position <= ?`;
  const ofStream = `SELECT ${COLUMNS} FROM events WHERE stream = ? AND position <= ?`;
  const head = prepare('SELECT max(position) FROM events');
  const recordedAt = prepare('SELECT recorded_at FROM events WHERE position = ?');
  const streamHead = prepare('SELECT max(revision) FROM events WHERE stream = ?');
  const all = prepare(`${range} ORDER BY position LIMIT ?`);
  const byTypes = prepare(`${range} AND ${IN_TYPES} ORDER BY position LIMIT ?`);
  const byCategories = prepare(`${range} AND ${IN_CATEGORIES} ORDER BY position LIMIT ?`);
  const byBoth = prepare(`${range} AND ${IN_TYPES} AND ${IN_CATEGORIES} ORDER BY position LIMIT ?`);
  const forward = prepare(`${ofStream} AND revision >= ? ORDER BY revision LIMIT ?`);
  const backward = prepare(`${ofStream} AND revision <= ? ORDER BY revision DESC LIMIT ?`);
  let insert: StatementSync | undefined;

  return {
    insert: (...values) => {
      insert ??= db.prepare(
        'INSERT INTO events (position, stream, revision, type, recorded_at, metadata, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      insert.run(...values);
    },
    head: () => number(head.get()) ?? 0,
    recordedAt: (position) => number(recordedAt.get(position)) ?? 0,
    streamHead: (stream) => number(streamHead.get(stream)) ?? NO_STREAM,
    all: (after, through, limit) => rows(all.all(after, through, limit)),
    filtered: (after, through, limit, { types, categories }) => {
      if (types === undefined && categories === undefined) return rows(all.all(after, through, limit));
      if (categories === undefined) return rows(byTypes.all(after, through, JSON.stringify(types), limit));
      if (types === undefined) return rows(byCategories.all(after, through, JSON.stringify(categories), limit));
      return rows(byBoth.all(after, through, JSON.stringify(types), JSON.stringify(categories), limit));
    },
    forward: (stream, from, through, limit) => rows(forward.all(stream, through, from, limit)),
    backward: (stream, from, through, limit) => rows(backward.all(stream, through, from, limit)),
  };
}
