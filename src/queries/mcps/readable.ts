import { sql, type RawBuilder } from 'kysely';
import { authorize, type Asker } from '../../domain/access/authorize.ts';
import { grantsOf } from '../../domain/access/grants.ts';
import { everything } from '../../domain/access/resource.ts';
import { builtInPermissions } from '../../domain/access/roles.ts';
import type { McpRow } from '../../projections/mcps/row.ts';
import type { RowFilter } from '../lists/filter.ts';

/** Patterns that one statement looks for. With more, rows are read and left out. */
const mostPatterns = 50;

/** Leaves out the mcps that somebody may not read; no filter at all for who may read every one. */
export function readableBy(reader: Asker): readonly RowFilter<McpRow>[] {
  if (authorize(reader, 'mcp:read', everything).allowed) return [];
  const lists = [reader.permissions ?? builtInPermissions(reader.roles), ...(reader.scopes ? [reader.scopes] : [])];
  const wheres = lists.flatMap((list) => whereOf(list, reader.actor));
  return [
    {
      where: wheres.length === 0 ? sql`1 = 1` : sql.join(wheres, sql` and `),
      matches: ({ id, name, created_by: owner }) =>
        authorize(reader, 'mcp:read', { kind: 'mcp', mcp: { id, name, owner } }).allowed,
      fixed: false,
    },
  ];
}

/** A condition that lets through at least what a list of permissions does; none when it cannot be told briefly. */
function whereOf(list: readonly string[], actor: string): readonly RawBuilder<unknown>[] {
  const grants = grantsOf(list);
  const patterns = grants.mcpPatterns('read');
  if (grants.has('mcp:read') || patterns.length > mostPatterns) return [];
  const alternatives = [
    ...patterns.flatMap((pattern) => [sql`name_key like ${likePattern(pattern)} escape '!'`, sql`id = ${pattern}`]),
    ...(grants.has('mcp:own') ? [sql`created_by = ${actor}`] : []),
  ];
  return [alternatives.length === 0 ? sql`1 = 0` : sql`(${sql.join(alternatives, sql` or `)})`];
}

function likePattern(pattern: string): string {
  return pattern.replace(/[!%_]/g, '!$&').replaceAll('*', '%');
}
