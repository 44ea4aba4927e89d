import { sql } from 'kysely';
import type { OAuthGrantContent } from '../../domain/oauth/grant.ts';
import type { Position } from '../../ports/event-store.ts';
import { oauthGrants, type OAuthGrantRow } from '../../projections/oauth-grants/projection.ts';
import { createdBeyond } from '../created-beyond.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { equals } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { ListModel } from '../lists/model.ts';
import type { ListRequest } from '../lists/request.ts';
import type { Page } from '../paging/page.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';
import { showOAuthGrants, type OAuthGrantResource } from './resource.ts';

export interface OAuthGrantListRequest extends ListRequest {
  readonly userId?: string;
  /** A grant that has expired counts as active until it is revoked. */
  readonly status?: 'active' | 'revoked';
  readonly clientId?: string;
}

/** For whom grants are read. Somebody else's is, to one who does not manage grants, as if it did not exist. */
export interface GrantViewer {
  readonly userId: string | null;
  /** Has the permission `oauth-grant:manage`. */
  readonly seesAll: boolean;
}

const kind: RowKind<OAuthGrantRow> = {
  projection: oauthGrants,
  category: 'oauthGrant',
  notFoundCode: 'oauth_grant_not_found',
};

const model: ListModel<OAuthGrantRow> = {
  ...kind,
  sortFields: {
    createdAt: { column: 'created_position', type: 'integer', unique: true },
    clientName: { column: 'client_name', type: 'text' },
  },
  defaultSort: '-createdAt',
  bornColumn: 'created_position',
};

/**
 * One's own grants, or with `userId` those of somebody.
 * @throws DomainError `invalid_*` naming the parameter
 */
export async function listOAuthGrants(
  deps: QueryDeps,
  { userId, seesAll }: GrantViewer,
  request: OAuthGrantListRequest,
): Promise<Page<OAuthGrantResource>> {
  const fixed = { fixed: true };
  const { rows, nextCursor } = await listRows(deps, model, request, [
    // No user has an empty id: who is none has no grants.
    ...equals<OAuthGrantRow>('user_id', seesAll ? (request.userId ?? userId ?? '') : (userId ?? ''), fixed),
    ...equals<OAuthGrantRow>('user_id', request.userId, fixed),
    ...equals<OAuthGrantRow>('client_id', request.clientId, fixed),
    ...equals<OAuthGrantRow>('status', request.status),
  ]);
  return { items: await showOAuthGrants(deps, rows), nextCursor };
}

/** A grant by id, now or as it was. @throws DomainError `oauth_grant_not_found`, also for what the viewer may not see */
export async function getOAuthGrant(
  deps: QueryDeps,
  viewer: GrantViewer,
  id: string,
  moment: Moment,
): Promise<Versioned<OAuthGrantResource>> {
  const row = await rowAt(deps, kind, id, moment);
  if (!viewer.seesAll && row.user_id !== viewer.userId) throw notFound(kind);
  const [resource] = await showOAuthGrants(deps, [row]);
  if (!resource) throw notFound(kind);
  return { resource, revision: row.revision, position: row.position };
}

/**
 * Ids of what a user lets clients do and has not taken back, up to a position of the log; some may have run out, or have
 * been taken back lately. What the read model has not taken in yet is looked up in the log: none is missed.
 */
export async function activeGrantsOf(deps: QueryDeps, userId: string, through: Position): Promise<readonly string[]> {
  // Before the rows: what it takes in meanwhile is found twice rather than not at all.
  const seen = deps.models.position(oauthGrants.name);
  const query = sql<{ readonly id: string }>`
    select id from ${sql.table(oauthGrants.name)} where user_id = ${userId} and status = 'active' order by id`;
  const { rows } = await query.execute(deps.models.relational(oauthGrants.name));
  const unseen = await createdBeyond<OAuthGrantContent>(
    deps.store,
    { category: kind.category, type: 'OAuthGrantGiven', after: seen, through },
    (grant) => grant.userId === userId,
  );
  return [...new Set([...rows.map(({ id }) => id), ...unseen])];
}
