import { sql } from 'kysely';
import { oauthGrants, type OAuthGrantRow } from '../../projections/oauth-grants/projection.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { equals } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { ListModel } from '../lists/model.ts';
import type { ListRequest } from '../lists/request.ts';
import type { Page } from '../paging/page.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';
import { toOAuthGrant, type OAuthGrantResource } from './resource.ts';

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
  const now = nowOf(deps);
  return { items: rows.map((row) => toOAuthGrant(row, now)), nextCursor };
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
  return { resource: toOAuthGrant(row, nowOf(deps)), revision: row.revision, position: row.position };
}

/** Ids of what a user lets clients do and has not taken back; some may have run out. */
export async function activeGrantsOf(deps: QueryDeps, userId: string): Promise<readonly string[]> {
  const query = sql<{ readonly id: string }>`
    select id from ${sql.table(oauthGrants.name)} where user_id = ${userId} and status = 'active' order by id`;
  return (await query.execute(deps.models.relational(oauthGrants.name))).rows.map(({ id }) => id);
}

function nowOf({ clock }: QueryDeps): string {
  return new Date(clock()).toISOString();
}
