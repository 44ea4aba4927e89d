import { permissionsOfRole } from '../domain/access/role-definitions.ts';
import { selfRegisteredRoles } from '../domain/access/roles.ts';
import { administratorsDecider, administratorsId } from '../domain/administrators/decider.ts';
import { DomainError } from '../domain/error.ts';
import { userDecider, type UserState } from '../domain/user/decider.ts';
import type { PasswordHasher } from '../ports/password-hasher.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { demandAll } from './escalation.ts';
import { load } from './load.ts';
import { userEmailKey, userNameKey } from './name-keys.ts';
import { ownerOfName, reserveName } from './reservations.ts';
import { loadRoleDefinitions, permissionsGrantedBy } from './roles.ts';
import { handle, transact, type Outcome, type Transaction } from './transaction.ts';

export interface UserDeps extends CommandDeps {
  readonly passwords: PasswordHasher;
}

export type ActiveUser = Extract<UserState, { status: 'active' }>;

export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

/** Registers a person; the id is the command's. @throws DomainError `name_taken` (user name or e-mail) */
export async function registerUser(
  deps: UserDeps,
  context: CommandContext,
  { username, email, password }: NewUser,
  roles: readonly string[] = selfRegisteredRoles,
): Promise<Outcome<UserState>> {
  const id = context.commandId;
  const passwordHash = await deps.passwords.hash(password);
  return transact(deps, context, async (transaction) => {
    const owner = { decider: userDecider, id };
    const byName = { key: userNameKey(deps, username), owner, pointer: '/username' };
    await reserveName(deps, context, transaction, byName);
    const byEmail = { key: userEmailKey(deps, email), owner, pointer: '/email' };
    await reserveName(deps, context, transaction, byEmail);
    if (roles.includes('admin')) await decideAdministrator(transaction, id, roles);
    return transaction.decide(userDecider, id, { type: 'RegisterUser', username, email, passwordHash, roles });
  });
}

/**
 * Gives a user these roles and no others. What the changed roles grant, those taken away included, is for those to give
 * who have it themselves.
 * @throws DomainError `last_admin`, `own_roles`, `unknown_role`, `permissions_exceeded`
 */
export async function setRoles(
  deps: UserDeps,
  context: CommandContext,
  id: string,
  roles: readonly string[],
): Promise<Outcome<UserState>> {
  if (context.principal.userId === id) {
    throw new DomainError('forbidden', 'own_roles', 'nobody changes his own roles: ask another administrator');
  }
  const definitions = await loadRoleDefinitions(deps);
  const faults = roles.flatMap((role, index) =>
    permissionsOfRole(definitions, role) ? [] : [{ pointer: `/roles/${index}`, detail: 'is not a role' }],
  );
  if (faults.length > 0) throw new DomainError('invalid', 'unknown_role', 'not all of these are roles', faults);
  return transact(deps, context, async (transaction) => {
    const { roles: before } = present(await transaction.load(userDecider, id));
    const changed = [...before, ...roles].filter((role) => !before.includes(role) || !roles.includes(role));
    const permissions = changed.flatMap((role) => permissionsOfRole(definitions, role) ?? []);
    await demandAll(deps, context, permissions, 'user:manage', `user-${id}`);
    await decideAdministrator(transaction, id, roles);
    return transaction.decide(userDecider, id, { type: 'SetRoles', roles }, { conditional: true });
  });
}

/**
 * Goes on only for who may do all that a user may: to act on somebody's account is to be able to act as him.
 * @throws DomainError `permissions_exceeded`, `user_not_found`
 */
export async function demandAuthorityOver(deps: CommandDeps, context: CommandContext, id: string): Promise<void> {
  const { roles } = await loadUser(deps, id);
  await demandAll(deps, context, await permissionsGrantedBy(deps, roles), 'user:manage', `user-${id}`);
}

/** Changes a password without asking for the old one. */
export async function changePassword(
  deps: UserDeps,
  context: CommandContext,
  id: string,
  password: string,
): Promise<Outcome<UserState>> {
  const passwordHash = await deps.passwords.hash(password);
  return handle(deps, context, userDecider, id, { type: 'ChangePassword', passwordHash }, { conditional: true });
}

/** Id of the user with this name, whatever its case; undefined when there is none. */
export async function userIdByName(deps: CommandDeps, username: string): Promise<string | undefined> {
  return (await ownerOfName(deps, userNameKey(deps, username)))?.slice('user-'.length);
}

/** Id of the user with this e-mail address; undefined when there is none. */
export async function userIdByEmail(deps: CommandDeps, email: string): Promise<string | undefined> {
  return (await ownerOfName(deps, userEmailKey(deps, email)))?.slice('user-'.length);
}

/** The user as of the last event; undefined when there is none, or none any more. */
export async function findUser(deps: CommandDeps, id: string): Promise<ActiveUser | undefined> {
  const { state } = await load(deps.store, deps.aggregates, userDecider, `user-${id}`);
  return state.status === 'active' ? state : undefined;
}

/** The user as of the last event. @throws DomainError `user_not_found` */
export async function loadUser(deps: CommandDeps, id: string): Promise<ActiveUser> {
  return present((await load(deps.store, deps.aggregates, userDecider, `user-${id}`)).state);
}

/** @throws DomainError `user_not_found` */
export function present(state: UserState): ActiveUser {
  if (state.status !== 'active') throw new DomainError('not_found', 'user_not_found', 'no such user');
  return state;
}

/**
 * Keeps the list of administrators in step with the roles. Where one of the two comes first, it is the one after which
 * the list lacks somebody who has the role: so the last administrator on the list is one.
 */
export async function decideAdministrator(
  transaction: Transaction,
  userId: string,
  roles: readonly string[],
): Promise<void> {
  const type = roles.includes('admin') ? 'AddAdministrator' : 'RemoveAdministrator';
  const last = type === 'AddAdministrator';
  await transaction.decide(administratorsDecider, administratorsId, { type, userId }, { last });
}
