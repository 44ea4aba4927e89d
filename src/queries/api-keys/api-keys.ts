import { sql } from 'kysely';
import type { ApiKeyContent } from '../../domain/access/api-key.ts';
import type { Position } from '../../ports/event-store.ts';
import { apiKeys, type ApiKeyRow } from '../../projections/api-keys/projection.ts';
import { createdBeyond } from '../created-beyond.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { asUuid } from '../ids.ts';
import { equals } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { ListModel } from '../lists/model.ts';
import type { ListRequest } from '../lists/request.ts';
import type { Page } from '../paging/page.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';
import { showApiKeys, type ApiKeyResource } from './resource.ts';

export interface ApiKeyListRequest extends ListRequest {
  readonly userId?: string;
  /** A key that has expired counts as active until it is revoked. */
  readonly status?: 'active' | 'revoked';
  readonly name?: string;
}

/** For whom keys are read. Somebody else's is, to one who does not manage keys, as if it did not exist. */
export interface KeyViewer {
  readonly userId: string | null;
  /** Has the permission `api-key:manage`. */
  readonly seesAll: boolean;
}

const kind: RowKind<ApiKeyRow> = { projection: apiKeys, category: 'apiKey', notFoundCode: 'api_key_not_found' };

const model: ListModel<ApiKeyRow> = {
  ...kind,
  sortFields: {
    createdAt: { column: 'created_position', type: 'integer', unique: true },
    name: { column: 'name', type: 'text' },
  },
  defaultSort: '-createdAt',
  bornColumn: 'created_position',
};

/** Keys that the viewer may see. @throws DomainError `invalid_*` naming the parameter */
export async function listApiKeys(
  deps: QueryDeps,
  { userId, seesAll }: KeyViewer,
  request: ApiKeyListRequest,
): Promise<Page<ApiKeyResource>> {
  const fixed = { fixed: true };
  const { rows, nextCursor } = await listRows(deps, model, request, [
    // No user has an empty id: who is none has no keys.
    ...equals<ApiKeyRow>('user_id', seesAll ? undefined : (userId ?? ''), fixed),
    ...equals<ApiKeyRow>('user_id', request.userId, fixed),
    ...equals<ApiKeyRow>('name', request.name, fixed),
    ...equals<ApiKeyRow>('status', request.status),
  ]);
  return { items: await showApiKeys(deps, rows), nextCursor };
}

/** A key by id, now or as it was. @throws DomainError `api_key_not_found`, also for what the viewer may not see */
export async function getApiKey(
  deps: QueryDeps,
  viewer: KeyViewer,
  id: string,
  moment: Moment,
): Promise<Versioned<ApiKeyResource>> {
  const uuid = asUuid(id);
  if (uuid === undefined) throw notFound(kind);
  const row = await rowAt(deps, kind, uuid, moment);
  if (!viewer.seesAll && row.user_id !== viewer.userId) throw notFound(kind);
  const [resource] = await showApiKeys(deps, [row]);
  if (!resource) throw notFound(kind);
  return { resource, revision: row.revision, position: row.position };
}

/**
 * Ids of a user's keys that are not revoked, up to a position of the log; some may have run out, or have been revoked
 * lately. What the read model has not taken in yet is looked up in the log: none is missed.
 */
export async function activeKeysOf(deps: QueryDeps, userId: string, through: Position): Promise<readonly string[]> {
  // Before the rows: what it takes in meanwhile is found twice rather than not at all.
  const seen = deps.models.position(apiKeys.name);
  const query = sql<{ readonly id: string }>`
    select id from ${sql.table(apiKeys.name)} where user_id = ${userId} and status = 'active' order by id`;
  const { rows } = await query.execute(deps.models.relational(apiKeys.name));
  const unseen = await createdBeyond<ApiKeyContent>(
    deps.store,
    { category: kind.category, type: 'ApiKeyCreated', after: seen, through },
    (key) => key.userId === userId,
  );
  return [...new Set([...rows.map(({ id }) => id), ...unseen])];
}
