import { sql } from 'kysely';
import type { SecretContent } from '../../domain/secret/events.ts';
import type { Position } from '../../ports/event-store.ts';
import { secrets, type SecretRow } from '../../projections/secrets/projection.ts';
import { nameKey } from '../../projections/mcps/row.ts';
import { createdBeyond } from '../created-beyond.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { asUuid } from '../ids.ts';
import { equals, type RowFilter } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { ListModel } from '../lists/model.ts';
import type { ListRequest } from '../lists/request.ts';
import type { Page } from '../paging/page.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';
import { toSecret, type SecretResource } from './resource.ts';

export interface SecretListRequest extends ListRequest {
  readonly name?: string;
  readonly scope?: SecretRow['scope'];
  readonly status?: SecretRow['status'];
  readonly owner?: string;
  readonly mcpId?: string;
}

/** For whom secrets are read. Somebody else's personal one is as if it did not exist. */
export interface SecretViewer {
  readonly actor: string;
  /** Has the permission `secret:manage`. */
  readonly seesAll: boolean;
}

const kind: RowKind<SecretRow> = { projection: secrets, category: 'secret', notFoundCode: 'secret_not_found' };

const model: ListModel<SecretRow> = {
  ...kind,
  sortFields: {
    createdAt: { column: 'created_position', type: 'integer', unique: true },
    updatedAt: { column: 'position', type: 'integer', unique: true },
    name: { column: 'name', type: 'text' },
  },
  defaultSort: '-createdAt',
  bornColumn: 'created_position',
};

/** Secrets that the viewer may see. @throws DomainError `invalid_*` naming the parameter */
export async function listSecrets(
  deps: QueryDeps,
  viewer: SecretViewer,
  request: SecretListRequest,
): Promise<Page<SecretResource>> {
  const fixed = { fixed: true };
  const { rows, nextCursor } = await listRows(deps, model, request, [
    ...visibleTo(viewer),
    ...equals<SecretRow>('name', request.name, fixed),
    ...equals<SecretRow>('scope', request.scope, fixed),
    ...equals<SecretRow>('mcp_id', request.mcpId, fixed),
    ...equals<SecretRow>('owner', request.owner),
    ...equals<SecretRow>('status', request.status),
  ]);
  return { items: rows.map(toSecret), nextCursor };
}

/**
 * A secret by its id, or a shared one by its name; now or as it was.
 * @throws DomainError `secret_not_found`, also for what the viewer may not see
 */
export async function getSecret(
  deps: QueryDeps,
  viewer: SecretViewer,
  idOrName: string,
  moment: Moment,
): Promise<Versioned<SecretResource>> {
  const id = asUuid(idOrName) ?? (await sharedId(deps, idOrName));
  const row = await rowAt(deps, kind, id, moment);
  if (!visibleTo(viewer).every(({ matches }) => matches(row))) throw notFound(kind);
  return { resource: toSecret(row), revision: row.revision, position: row.position };
}

/**
 * Ids of the personal secrets of somebody, up to a position of the log; some may have been deleted lately. What the read
 * model has not taken in yet is looked up in the log: none is missed.
 */
export async function personalSecretsOf(deps: QueryDeps, actor: string, through: Position): Promise<readonly string[]> {
  // Before the rows: what it takes in meanwhile is found twice rather than not at all.
  const seen = deps.models.position(secrets.name);
  const query = sql<Pick<SecretRow, 'id'>>`
    select id from ${sql.table(secrets.name)}
    where scope = 'user' and owner = ${actor} and status = 'active' order by id`;
  const { rows } = await query.execute(deps.models.relational(secrets.name));
  const unseen = await createdBeyond<SecretContent>(
    deps.store,
    { category: kind.category, type: 'SecretCreated', after: seen, through },
    ({ scope, owner }) => scope === 'user' && owner === actor,
  );
  return [...new Set([...rows.map(({ id }) => id), ...unseen])];
}

function visibleTo({ actor, seesAll }: SecretViewer): readonly RowFilter<SecretRow>[] {
  if (seesAll) return [];
  return [
    {
      where: sql`(scope <> 'user' or owner = ${actor})`,
      matches: ({ scope, owner }) => scope !== 'user' || owner === actor,
      fixed: true,
    },
  ];
}

/** A shared secret keeps its name for good. */
async function sharedId(deps: QueryDeps, name: string): Promise<string> {
  const query = sql<Pick<SecretRow, 'id'>>`
    select id from ${sql.table(secrets.name)} where name_key = ${nameKey(name)} and scope = 'shared' limit 1`;
  const [row] = (await query.execute(deps.models.relational(secrets.name))).rows;
  if (!row) throw notFound(kind);
  return row.id;
}
