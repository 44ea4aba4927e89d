import { DomainError } from '../domain/error.ts';
import { reservationDecider } from '../domain/reservation/decider.ts';
import { userDecider } from '../domain/user/decider.ts';
import type { Position } from '../ports/event-store.ts';
import { erasedMark } from '../ports/personal-data.ts';
import { following, type CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { derivedId } from './derived-id.ts';
import { identityKey, userEmailKey, userNameKey } from './name-keys.ts';
import { handle, transact } from './transaction.ts';
import { decideAdministrator, demandAuthorityOver, present, type ActiveUser } from './users.ts';

/**
 * The first step of erasing a user: his roles are taken, his names are free for others, and nobody comes in as him any
 * more. It is for those who may do all that the user may. A user of whom this was done before is gone on with, whatever
 * revision the caller saw: it cannot be taken back.
 * @returns position of the last event of the user
 * @throws DomainError `own_account`, `user_not_found`, `permissions_exceeded`, `last_admin`; PreconditionFailed
 */
export async function beginErasure(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  if (context.principal.userId === id) {
    throw new DomainError('forbidden', 'own_account', 'nobody erases his own account: ask another administrator');
  }
  await demandAuthorityOver(deps, context, id);
  const { position } = await transact(deps, context, async (transaction) => {
    const user = present(await transaction.load(userDecider, id));
    await decideAdministrator(transaction, id, []);
    const begun = await transaction.decide(userDecider, id, { type: 'BeginErasure' }, { conditional: !user.erasing });
    // Nothing is released that somebody else has taken meanwhile: each release names its owner.
    for (const key of keysOf(deps, user)) {
      const release = { type: 'ReleaseName', owner: `user-${id}` } as const;
      await transaction.decide(reservationDecider, key, release, { last: true });
    }
    return begun;
  });
  return position;
}

/** The last step, when the key of the user is gone. @returns position of the last event of the user */
export async function recordErasure(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  const last = following(context, derivedId('erased', context.commandId));
  return (await handle(deps, last, userDecider, id, { type: 'EraseUser' })).position;
}

/** The reservations of all that the user is known by. None of what is erased: it was released before that. */
function keysOf(deps: CommandDeps, { username, email, identities }: ActiveUser): ReadonlySet<string> {
  return new Set([
    ...(username === erasedMark ? [] : [userNameKey(deps, username)]),
    ...(email === erasedMark ? [] : [userEmailKey(deps, email)]),
    ...identities.filter(({ subject }) => subject !== erasedMark).map((identity) => identityKey(deps, identity)),
  ]);
}
