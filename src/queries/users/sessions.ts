import { sql } from 'kysely';
import { sessions } from '../../projections/sessions/projection.ts';
import type { QueryDeps } from '../deps.ts';

/** Ids of a user's sessions that have not been ended; some may have run out. */
export async function openSessionsOf(deps: QueryDeps, userId: string): Promise<readonly string[]> {
  const query = sql<{ readonly id: string }>`
    select id from ${sql.table(sessions.name)} where user_id = ${userId} and status = 'open' order by id`;
  return (await query.execute(deps.models.relational(sessions.name))).rows.map(({ id }) => id);
}
