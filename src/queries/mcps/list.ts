import { mcps } from '../../projections/mcps/projection.ts';
import { nameKey, type McpRow } from '../../projections/mcps/row.ts';
import type { Asker } from '../../domain/access/authorize.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { equals, includesAll, isAbsent, type RowFilter } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { ListRequest } from '../lists/request.ts';
import type { ListModel } from '../lists/model.ts';
import type { Page } from '../paging/page.ts';
import { createPageCache, type Sized } from './page-cache.ts';
import { readableBy } from './readable.ts';
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

/** More tags than anybody looks for, and few enough for one statement. */
const mostTags = 20;

/** What a row takes besides its long texts. */
const rowOverhead = 500;

/**
 * Makes the function that lists mcps, retired ones too unless `status` says otherwise. It keeps pages: the same one is
 * given again, to whoever may read every mcp, while nothing has changed. Others get those that they may read.
 */
export function createMcpList(deps: QueryDeps): (request: McpListRequest, reader: Asker) => Promise<Page<McpResource>> {
  const cached = createPageCache<McpResource>(deps, mcps.name);
  return async (request, reader) => {
    const readable = readableBy(reader);
    const read = () => list(deps, request, readable);
    return request.asOf === undefined && readable.length === 0 ? cached(request, read) : (await read()).page;
  };
}

async function list(
  deps: QueryDeps,
  request: McpListRequest,
  readable: readonly RowFilter<McpRow>[],
): Promise<Sized<McpResource>> {
  const { name, status, createdBy, discovery, drifted } = request;
  const tags = [...new Set(request.tags)];
  if (tags.length > mostTags) throw invalid('invalid_tags', '/tags', `must be ${mostTags} at most`);
  const { rows, nextCursor } = await listRows(deps, model, request, [
    ...readable,
    ...equals<McpRow>('name_key', name === undefined ? undefined : nameKey(name)),
    ...equals<McpRow>('status', status),
    ...equals<McpRow>('created_by', createdBy, { fixed: true }),
    ...equals<McpRow>('discovery', discovery),
    ...includesAll<McpRow>('tags', tags),
    ...isAbsent<McpRow>('drift', drifted === undefined ? undefined : !drifted),
  ]);
  const page = { items: rows.map(toMcp), nextCursor };
  return { page, size: rows.reduce((sum, row) => sum + sizeOf(row), 1) };
}

function sizeOf({ description, tags, transport, tools }: McpRow): number {
  return rowOverhead + description.length + tags.length + transport.length + tools.length;
}
