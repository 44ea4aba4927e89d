import { usernameKey, users, type UserRow } from '../../projections/users/projection.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { asUuid } from '../ids.ts';
import { equals, includesAll } from '../lists/filter.ts';
import { listRows } from '../lists/list-rows.ts';
import type { ListRequest } from '../lists/request.ts';
import type { ListModel } from '../lists/model.ts';
import type { Page } from '../paging/page.ts';
import { notFound, rowAt, type RowKind } from '../time-travel/row-at.ts';
import { toUser, type UserResource } from './resource.ts';

export interface UserListRequest extends ListRequest {
  readonly username?: string;
  readonly email?: string;
  /** Those who have this role among theirs. */
  readonly role?: string;
}

/** `createdAt` is the order of the log. */
export const userSortFields = {
  username: { column: 'username_key', type: 'text' },
  createdAt: { column: 'created_position', type: 'integer', unique: true },
  updatedAt: { column: 'updated_at', type: 'text' },
} as const;

const kind: RowKind<UserRow> = { projection: users, category: 'user', notFoundCode: 'user_not_found' };

const model: ListModel<UserRow> = {
  ...kind,
  sortFields: userSortFields,
  defaultSort: '-createdAt',
  bornColumn: 'created_position',
};

/** @throws DomainError `invalid_*` naming the parameter */
export async function listUsers(deps: QueryDeps, request: UserListRequest): Promise<Page<UserResource>> {
  const { username, email, role } = request;
  const { rows, nextCursor } = await listRows(deps, model, request, [
    ...equals<UserRow>('username_key', username === undefined ? undefined : usernameKey(username), { fixed: true }),
    ...equals<UserRow>('email', email, { fixed: true }),
    ...includesAll<UserRow>('roles', role === undefined ? undefined : [role]),
  ]);
  return { items: rows.map(toUser), nextCursor };
}

/** A user by id, now or as he was. @throws DomainError `user_not_found`, `revision_not_found` */
export async function getUser(deps: QueryDeps, id: string, moment: Moment): Promise<Versioned<UserResource>> {
  const uuid = asUuid(id);
  if (uuid === undefined) throw notFound(kind);
  const row = await rowAt(deps, kind, uuid, moment);
  return { resource: toUser(row), revision: row.revision, position: row.position };
}
