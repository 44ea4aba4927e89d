import { sql } from 'kysely';
import { executions } from '../../projections/executions/projection.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';
import type { QueryDeps } from '../deps.ts';
import type { RowPage } from '../lists/request.ts';
import { unread } from './columns.ts';

/** UTF-16 units of arguments on one page. A page that comes to it ends early. */
const roomOnPage = 4 * 1024 * 1024;

/** Reads the large arguments of a page, as far as they have room on it. */
export async function withArguments(
  deps: QueryDeps,
  page: RowPage<ExecutionRow>,
): Promise<Pick<RowPage<ExecutionRow>, 'rows' | 'nextCursor'>> {
  const rows: ExecutionRow[] = [];
  let room = roomOnPage;
  for (const row of page.rows) {
    room -= row.arguments_size;
    const last = rows.at(-1);
    if (room < 0 && last) return { rows, nextCursor: page.cursorAfter(last) };
    rows.push(row.arguments === unread ? { ...row, arguments: await argumentsOf(deps, row.id) } : row);
  }
  return { rows, nextCursor: page.nextCursor };
}

async function argumentsOf(deps: QueryDeps, id: string): Promise<string> {
  const query = sql<Pick<ExecutionRow, 'arguments'>>`
    select arguments from ${sql.table(executions.name)} where id = ${id}`;
  const [row] = (await query.execute(deps.models.relational(executions.name))).rows;
  if (!row) throw new Error(`execution ${id} has left its read model`);
  return row.arguments;
}
