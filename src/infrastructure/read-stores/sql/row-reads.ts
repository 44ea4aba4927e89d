import type { RelationalModel, RelationalRow } from '../../../ports/read-model.ts';
import { literal, literals } from './literal.ts';
import { quoted } from './names.ts';
import type { SqlRow, SqlSession } from './pool.ts';
import { FULL_ID, rowKey } from './row-id.ts';

/**
 * Rows read at a time when all are read: nothing is held open on the server between two pages. Large rows come fewer at
 * a time, so that a page has about 4 million characters at most.
 */
const MOST_ON_PAGE = 500;
const FIRST_PAGE = 100;
const PAGE_LENGTH = 1 << 22;
const IDS_TOGETHER = 1_000;

/** Reads of one model's table by those who write it. */
export interface RowReads {
  load(session: SqlSession, ids: readonly string[]): Promise<ReadonlyMap<string, RelationalRow>>;
  /** Every row in order of its key, each page by a call of `reading`. */
  all(
    reading: (read: (session: SqlSession) => Promise<readonly SqlRow[]>) => Promise<readonly SqlRow[]>,
  ): AsyncGenerator<RelationalRow>;
  count(session: SqlSession): Promise<number>;
}

export function rowReads(model: RelationalModel, table: string): RowReads {
  const name = quoted(table);
  const list = ['id', FULL_ID, ...Object.keys(model.columns)].map(quoted).join(', ');

  return {
    async load(session, ids) {
      const found = new Map<string, RelationalRow>();
      for (let from = 0; from < ids.length; from += IDS_TOGETHER) {
        const keys = ids.slice(from, from + IDS_TOGETHER).map(rowKey);
        const { rows } = await session.run(`SELECT ${list} FROM ${name} WHERE id IN (${literals(keys)})`);
        for (const row of rows) {
          const whole = withFullId(row);
          found.set(whole.id, whole);
        }
      }
      return found;
    },
    async *all(reading) {
      let beyond = '';
      let limit = FIRST_PAGE;
      for (;;) {
        const from = beyond;
        const most = limit;
        const page = await reading(async (session) => {
          const sql = `SELECT ${list} FROM ${name} WHERE id > ${literal(from)} ORDER BY id LIMIT ${most}`;
          return (await session.run(sql)).rows;
        });
        for (const row of page) yield withFullId(row);
        const last = page.at(-1);
        if (last === undefined || page.length < most) return;
        beyond = String(last['id']);
        limit = Math.min(MOST_ON_PAGE, Math.max(1, Math.floor((most * PAGE_LENGTH) / lengthOf(page))));
      }
    },
    async count(session) {
      const { rows } = await session.run(`SELECT COUNT(*) AS n FROM ${name}`);
      return Number(rows[0]?.['n']);
    },
  };
}

/** Characters in texts, and one for each row. */
function lengthOf(page: readonly SqlRow[]): number {
  let length = page.length;
  for (const row of page) {
    for (const cell of Object.values(row)) if (typeof cell === 'string') length += cell.length;
  }
  return length;
}

/** A row without what only the table knows of. Cells are what their columns say: text, numbers and nulls. */
export function withFullId({ [FULL_ID]: full, ...row }: SqlRow): RelationalRow {
  return (typeof full === 'string' ? { ...row, id: full } : row) as RelationalRow;
}
