import { mcps } from '../../projections/mcps/projection.ts';
import { nameKey, type McpRow } from '../../projections/mcps/row.ts';
import type { QueryDeps } from '../deps.ts';
import { equals, includesAll, isAbsent } from '../lists/filter.ts';
import { listRows, type ListRequest } from '../lists/list-rows.ts';
import type { ListModel } from '../lists/model.ts';
import type { Page } from '../paging/page.ts';
import { createPageCache } from './page-cache.ts';
import { toMcp, type McpResource } from './resource.ts';

export interface McpListRequest extends ListRequest {
  readonly name?: string;
  readonly status?: 'active' | 'retired';
  /** All of them. */
  readonly tags?: readonly string[];
  readonly createdBy?: string;
  readonly discovery?: 'pending' | 'discovered' | 'failed';
  /** Whether the server offers other things than the newest version says. */
  readonly drifted?: boolean;
}

/** Fields that lists of mcps can be sorted by. `createdAt` is the order of the log. */
export const mcpSortFields = {
  name: { column: 'name_key', type: 'text' },
  createdAt: { column: 'created_position', type: 'integer', unique: true },
  updatedAt: { column: 'updated_at', type: 'text' },
  version: { column: 'version', type: 'integer' },
  status: { column: 'status', type: 'text' },
} as const;

const model: ListModel<McpRow> = {
  projection: mcps,
  category: 'mcp',
  sortFields: mcpSortFields,
  defaultSort: '-createdAt',
  bornColumn: 'created_position',
};

/** Lists mcps, retired ones too unless `status` says otherwise. */
export function createMcpList(deps: QueryDeps): (request: McpListRequest) => Promise<Page<McpResource>> {
  const cached = createPageCache<McpResource>(deps, mcps.name);

  async function list(request: McpListRequest): Promise<Page<McpResource>> {
    const { name, status, tags, createdBy, discovery, drifted } = request;
    const { rows, nextCursor } = await listRows(deps, model, request, [
      ...equals<McpRow>('name_key', name === undefined ? undefined : nameKey(name)),
      ...equals<McpRow>('status', status),
      ...equals<McpRow>('created_by', createdBy, { fixed: true }),
      ...equals<McpRow>('discovery', discovery),
      ...includesAll<McpRow>('tags', tags),
      ...isAbsent<McpRow>('drift', drifted === undefined ? undefined : !drifted),
    ]);
    return { items: rows.map(toMcp), nextCursor };
  }

  return (request) => (request.asOf === undefined ? cached(request, () => list(request)) : list(request));
}
