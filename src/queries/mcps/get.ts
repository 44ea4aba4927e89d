import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { findMcp } from './find.ts';
import { toMcp, type McpResource } from './resource.ts';

/**
 * An mcp by its id or its name, now or as it was.
 * @throws DomainError `mcp_not_found`, `revision_not_found`, `invalid_revision`, `invalid_as_of`, `as_of_in_future`
 */
export async function getMcp(deps: QueryDeps, idOrName: string, moment: Moment): Promise<Versioned<McpResource>> {
  const row = await findMcp(deps, idOrName, moment);
  return { resource: toMcp(row), revision: row.revision, position: row.position };
}
