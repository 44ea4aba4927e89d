import { randomBytes } from 'node:crypto';
import type { Principal } from '../domain/access/principal.ts';
import { selfRegisteredRoles } from '../domain/access/roles.ts';
import { DomainError } from '../domain/error.ts';
import { userDecider, type Identity } from '../domain/user/decider.ts';
import type { Position } from '../ports/event-store.ts';
import { following, type CommandContext } from './context.ts';
import { derivedId } from './derived-id.ts';
import { identityKey } from './name-keys.ts';
import { ownerOfName, reserveName } from './reservations.ts';
import { transact } from './transaction.ts';
import { loadUser, registerUser, setRoles, userIdByEmail, userIdByName, type UserDeps } from './users.ts';

/** What an identity provider says of somebody who has signed in with it. */
export interface Vouched {
  readonly identity: Identity;
  readonly email: string | undefined;
  /** The provider has seen that the address is his. */
  readonly emailVerified: boolean;
  readonly username: string | undefined;
  /** Roles by the provider's word; undefined: it has none on them. */
  readonly roles: readonly string[] | undefined;
  /** When the provider said so, in milliseconds since the epoch; absent: just now. */
  readonly saidAt?: number;
}

export interface Recognised {
  readonly userId: string;
  /** `known` before; `linked` to an account that was there; `registered` anew. */
  readonly as: 'known' | 'linked' | 'registered';
  /** Of the last event. */
  readonly position: Position;
}

const system: Principal = {
  actor: 'system:sign-in',
  userId: null,
  tenant: 'default',
  roles: ['admin'],
  sessionId: null,
};

/** What becomes of somebody who is not known yet. */
export interface Unknown {
  /** Whether he gets an account when there is none. */
  readonly mayRegister: boolean;
  /**
   * Ends the sessions, keys and the like of an account that is about to be linked, those of up to this position included.
   * The identity is linked only when that is done: a sign-in that fails in between begins again with it.
   */
  readonly endWaysIn: (userId: string, after: Position) => Promise<unknown>;
}

/**
 * The user whom an identity provider vouches for. Who is not known yet is known by an e-mail address that the provider has
 * verified, or registered. An account that is linked gets a new password that nobody knows, and every other way into it
 * ends: whoever registered the address here need not have been its owner.
 * @throws DomainError `email_not_verified`, `user_unknown`; what ending the ways in throws
 */
export async function recognise(
  deps: UserDeps,
  context: CommandContext,
  vouched: Vouched,
  unknown: Unknown,
): Promise<Recognised> {
  const bySystem = { ...context, principal: system };
  const recognised = await find(deps, bySystem, vouched, unknown);
  const { roles, saidAt = Infinity } = vouched;
  if (roles === undefined) return recognised;
  const { userId, position } = recognised;
  if (await rolesChangedSince(deps, userId, saidAt)) return recognised;
  const own = following(bySystem, derivedId('roles by identity', context.commandId));
  const outcome = await setRoles(deps, own, userId, roles);
  return { ...recognised, position: Math.max(position, outcome.position) };
}

/** Whether roles were given after a time: what a provider said before is no news, however late it comes. */
async function rolesChangedSince({ store }: UserDeps, userId: string, timeMs: number): Promise<boolean> {
  const since = (time: string): boolean => Date.parse(time) > timeMs;
  for (let from: number | undefined; from === undefined || from >= 0;) {
    const options = { direction: 'backward', limit: 100, ...(from === undefined ? {} : { from }) } as const;
    const events = await store.readStream(`user-${userId}`, options);
    for (const { type, metadata } of events) {
      if (!since(metadata.occurredAt)) return false;
      if (type === 'UserRolesChanged') return true;
    }
    const last = events.at(-1);
    if (!last) return false;
    from = last.revision - 1;
  }
  return false;
}

async function find(
  deps: UserDeps,
  context: CommandContext,
  { identity, email, emailVerified, username }: Vouched,
  { mayRegister, endWaysIn }: Unknown,
): Promise<Recognised> {
  const key = identityKey(deps, identity);
  const owner = await ownerOfName(deps, key);
  if (owner !== undefined) return { userId: owner.slice('user-'.length), as: 'known', position: 0 };
  if (email === undefined || !emailVerified) {
    const detail = 'the identity provider has not verified your e-mail address: have it verified there, and try again';
    throw new DomainError('forbidden', 'email_not_verified', detail);
  }
  const known = await userIdByEmail(deps, email);
  if (known !== undefined) {
    await endWaysIn(known, await losePassword(deps, context, known));
    return { userId: known, as: 'linked', position: await link(deps, context, known, identity) };
  }
  if (!mayRegister) {
    throw new DomainError('forbidden', 'user_unknown', 'nobody here has your e-mail address: ask an administrator');
  }
  const person = { username: await freeUsername(deps, username ?? email), email, password: nobodysPassword() };
  await registerUser(deps, context, person, selfRegisteredRoles);
  const userId = context.commandId;
  const byItself = following(context, derivedId('link', context.commandId));
  return { userId, as: 'registered', position: await link(deps, byItself, userId, identity) };
}

async function link(deps: UserDeps, context: CommandContext, userId: string, identity: Identity): Promise<Position> {
  const owner = { decider: userDecider, id: userId };
  const claim = { key: identityKey(deps, identity), owner, pointer: '/subject' };
  const { position } = await transact(deps, context, async (transaction) => {
    await reserveName(deps, context, transaction, claim);
    return transaction.decide(userDecider, userId, { type: 'LinkIdentity', identity });
  });
  return position;
}

/** Gives an account a password that nobody knows. @returns position of the change */
async function losePassword(deps: UserDeps, context: CommandContext, userId: string): Promise<Position> {
  await loadUser(deps, userId);
  const passwordHash = await deps.passwords.hash(nobodysPassword());
  const change = following(context, derivedId('password of nobody', context.commandId));
  const { position } = await transact(deps, change, (transaction) =>
    transaction.decide(userDecider, userId, { type: 'ChangePassword', passwordHash }),
  );
  return position;
}

/** A name in the form that names have here, and that nobody has yet. */
async function freeUsername(deps: UserDeps, wanted: string): Promise<string> {
  const plain = wanted
    .replace(/@.*$/, '')
    .replace(/[^\p{L}\p{N}._-]/gu, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 48);
  const base = plain === '' ? 'user' : plain;
  if ((await userIdByName(deps, base)) === undefined) return base;
  return `${base}-${randomBytes(4).toString('hex')}`;
}

function nobodysPassword(): string {
  return randomBytes(32).toString('base64url');
}
