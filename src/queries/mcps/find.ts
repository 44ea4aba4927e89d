import { sql } from 'kysely';
import type { Position } from '../../ports/event-store.ts';
import { mcpNames } from '../../projections/mcp-names/projection.ts';
import { mcps } from '../../projections/mcps/projection.ts';
import { nameKey, type McpRow } from '../../projections/mcps/row.ts';
import type { Moment, QueryDeps } from '../deps.ts';
import { asUuid } from '../ids.ts';
import { reachPosition, resolveAsOf } from '../time-travel/as-of.ts';
import { foldRow } from '../time-travel/fold.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';

export const mcpKind: RowKind<McpRow> = { projection: mcps, category: 'mcp', notFoundCode: 'mcp_not_found' };

/**
 * An mcp by its id or by its name, now or as it was. A name is the one that it bore at that moment.
 * @throws DomainError `mcp_not_found`, `revision_not_found`, `invalid_revision`, `invalid_as_of`, `as_of_in_future`
 */
export async function findMcp(deps: QueryDeps, idOrName: string, moment: Moment): Promise<McpRow> {
  const id = asUuid(idOrName);
  if (id !== undefined) return rowAt(deps, mcpKind, id, moment);
  if (moment.asOf !== undefined && moment.revision === undefined) {
    return findByPastName(deps, idOrName, await resolveAsOf(deps, moment.asOf));
  }
  const row = await findByName(deps, idOrName);
  return moment.revision === undefined ? row : rowAt(deps, mcpKind, row.id, moment);
}

async function findByName(deps: QueryDeps, name: string): Promise<McpRow> {
  const query = sql<McpRow>`select * from ${sql.table(mcps.name)} where name_key = ${nameKey(name)} limit 1`;
  const [row] = (await query.execute(deps.models.relational(mcps.name))).rows;
  if (!row) throw notFound(mcpKind);
  return row;
}

async function findByPastName(deps: QueryDeps, name: string, position: Position): Promise<McpRow> {
  for (const id of await onceCalled(deps, name, position)) {
    const row = await foldRow(deps.store, mcps, `mcp-${id}`, { position });
    if (row?.name_key === nameKey(name)) return row;
  }
  throw notFound(mcpKind, ` at position ${position}`);
}

/** Ids of the mcps that bore a name at some time up to a position. */
async function onceCalled(deps: QueryDeps, name: string, position: Position): Promise<readonly string[]> {
  await reachPosition(deps, mcpNames.name, position);
  const query = sql<{ readonly mcp_id: string }>`
    select mcp_id from ${sql.table(mcpNames.name)}
    where name_key = ${nameKey(name)} and ${sql.ref('position')} <= ${position}
    order by ${sql.ref('position')} desc`;
  const { rows } = await query.execute(deps.models.relational(mcpNames.name));
  return rows.map(({ mcp_id }) => mcp_id);
}
