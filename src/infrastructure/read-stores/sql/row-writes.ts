import type { RelationalModel, RelationalRow, RowChange } from '../../../ports/read-model.ts';
import { literal, literals } from './literal.ts';
import { quoted } from './names.ts';
import type { SqlSession } from './pool.ts';
import { FULL_ID, isLong, rowKey } from './row-id.ts';

/** Long enough that what a statement costs by itself does not count, short enough to be over soon. In UTF-16 units. */
const STATEMENT_LENGTH = 1 << 20;
const STATEMENT_ROWS = 1_000;
const BYTES_OF_UNIT = 3;
/** For what a statement says besides its values, in bytes. */
const WORDS = 16_384;

/** A row that was to be changed is not there: whoever computed the change went by something else than this store. */
export class RowMissing extends Error {
  override readonly name = 'RowMissing';
}

/** Writes of one model's table; whoever calls holds the transaction. */
export interface RowWrites {
  /** @throws RowMissing; SqlFailure, also when a row that is to be added is there; Error a row is too large */
  write(session: SqlSession, changes: readonly RowChange<RelationalRow>[]): Promise<void>;
}

export function rowWrites(model: RelationalModel, table: string, maxPacket: number): RowWrites {
  const columns = Object.keys(model.columns);
  const name = quoted(table);
  const all = ['id', FULL_ID, ...columns].map(quoted).join(', ');

  async function insert(session: SqlSession, rows: readonly RelationalRow[]): Promise<void> {
    const tuple = (row: RelationalRow): string =>
      `(${literals([rowKey(row.id), isLong(row.id) ? row.id : null, ...columns.map((column) => cellOf(row, column))])})`;
    for (const { values } of chunks(rows, tuple, maxPacket)) {
      await session.run(`INSERT INTO ${name} (${all}) VALUES ${values}`);
    }
  }

  /** Rows that change in the same columns, in one statement each: what does not change is neither sent nor written. */
  async function update(session: SqlSession, sameColumns: readonly string[], rows: readonly RelationalRow[]) {
    const list = ['id', ...sameColumns].map(quoted).join(', ');
    const sets = sameColumns.map((column) => `${quoted(column)} = VALUES(${quoted(column)})`).join(', ');
    const tuple = (row: RelationalRow): string =>
      `(${literals([rowKey(row.id), ...sameColumns.map((column) => cellOf(row, column))])})`;
    for (const { values, items } of chunks(rows, tuple, maxPacket)) {
      const sql = `INSERT INTO ${name} (${list}) VALUES ${values} ON DUPLICATE KEY UPDATE ${sets}`;
      const { affected } = await session.run(sql);
      // 2 for each row that was changed, 1 for one that was added because it was not there.
      if (affected !== 2 * items.length) throw await unlike(session, items, 'change');
    }
  }

  async function remove(session: SqlSession, rows: readonly RelationalRow[]): Promise<void> {
    for (const { values, items } of chunks(rows, ({ id }) => literal(rowKey(id)), maxPacket)) {
      const { affected } = await session.run(`DELETE FROM ${name} WHERE id IN (${values})`);
      if (affected !== items.length) throw await unlike(session, items, 'delete');
    }
  }

  /** What tells the reader of a log which row it was. What the statement did is rolled back afterwards. */
  async function unlike(session: SqlSession, rows: readonly RelationalRow[], what: string): Promise<RowMissing> {
    await session.run('ROLLBACK');
    for (const { values, items } of chunks(rows, ({ id }) => literal(rowKey(id)), maxPacket)) {
      const { rows: found } = await session.run(`SELECT id FROM ${name} WHERE id IN (${values})`);
      const there = new Set(found.map(({ id }) => String(id)));
      const missing = items.find(({ id }) => !there.has(rowKey(id)));
      if (missing !== undefined) return new RowMissing(`there is no row ${missing.id} to ${what}`);
    }
    return new RowMissing(`the rows to ${what}, ${rows[0]?.id} among them, are not as they were read`);
  }

  return {
    async write(session, changes) {
      const { added, changed, removed } = sorted(changes, columns);
      await remove(session, removed);
      await insert(session, added);
      for (const { columns: sameColumns, rows } of changed) await update(session, sameColumns, rows);
    },
  };
}

interface Sorted {
  readonly added: RelationalRow[];
  readonly removed: RelationalRow[];
  readonly changed: readonly { readonly columns: readonly string[]; readonly rows: RelationalRow[] }[];
}

function sorted(changes: readonly RowChange<RelationalRow>[], columns: readonly string[]): Sorted {
  const added: RelationalRow[] = [];
  const removed: RelationalRow[] = [];
  const changed = new Map<string, { readonly columns: readonly string[]; readonly rows: RelationalRow[] }>();
  for (const { before, after } of changes) {
    if (before === undefined) {
      if (after !== undefined) added.push(after);
    } else if (after === undefined) removed.push(before);
    else {
      const differing = columns.filter((column) => before[column] !== after[column]);
      const key = differing.join();
      if (differing.length === 0) continue;
      const group = changed.get(key) ?? { columns: differing, rows: [] };
      group.rows.push(after);
      changed.set(key, group);
    }
  }
  return { added, removed, changed: [...changed.values()] };
}

/** Values joined by commas, as many as go into one statement. @throws Error one alone is too large for the server */
function* chunks<Item extends { readonly id: string }>(
  items: readonly Item[],
  toText: (item: Item) => string,
  maxPacket: number,
): Generator<{ readonly values: string; readonly items: readonly Item[] }> {
  let texts: string[] = [];
  let taken: Item[] = [];
  let length = 0;
  for (const item of items) {
    const text = toText(item);
    if (text.length * BYTES_OF_UNIT > maxPacket && Buffer.byteLength(text) > maxPacket - WORDS) {
      throw new Error(`row ${item.id} is larger than the database takes (max_allowed_packet is ${maxPacket})`);
    }
    const isFull = taken.length === STATEMENT_ROWS || length + text.length > roomOf(maxPacket);
    if (isFull && taken.length > 0) {
      yield { values: texts.join(), items: taken };
      [texts, taken, length] = [[], [], 0];
    }
    texts.push(text);
    taken.push(item);
    length += text.length;
  }
  if (taken.length > 0) yield { values: texts.join(), items: taken };
}

function roomOf(maxPacket: number): number {
  return Math.min(STATEMENT_LENGTH, Math.floor(maxPacket / (2 * BYTES_OF_UNIT)));
}

function cellOf(row: RelationalRow, column: string): RelationalRow[string] {
  const value = row[column];
  if (value === undefined) throw new TypeError(`row ${row.id} has no ${column}`);
  return value;
}
