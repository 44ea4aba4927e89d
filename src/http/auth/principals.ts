import { LRUCache } from 'lru-cache';
import type { CommandDeps } from '../../commands/deps.ts';
import { loadSession } from '../../commands/sessions.ts';
import { loadUser } from '../../commands/users.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Position, RecordedEvent } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import { followLog } from './follow-log.ts';
import { localPrincipal, localSession, localUser } from './local-token.ts';

/** Who sessions stand for, now: changed roles and ended sessions count with the next request. */
export interface Principals {
  /** Undefined when the session has ended or never was. */
  readonly of: (sessionId: string, userId: string) => Principal | undefined | Promise<Principal | undefined>;
  /** Answers when every event up to this position counts. */
  readonly caughtUp: (position: Position) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Sessions and users are folded from the log when they are first met, and forgotten when an event changes them.
 * @param capacity sessions remembered at most
 */
export async function createPrincipals(deps: CommandDeps, logger: Logger, capacity = 10_000): Promise<Principals> {
  const known = new LRUCache<string, Principal>({ max: capacity });
  /** Rises with each change, so that what was read before a change is not kept after it. */
  let changes = 0;

  const take = (event: RecordedEvent): void => {
    changes++;
    if (event.type === 'SessionEnded') known.delete(event.stream.slice('session-'.length));
    else {
      const userId = event.stream.slice('user-'.length);
      for (const [sessionId, principal] of [...known]) if (principal.userId === userId) known.delete(sessionId);
    }
  };
  const follower = await followLog({
    store: deps.store,
    types: ['SessionEnded', 'UserRolesChanged'],
    take,
    // Until the log can be followed again nothing that was read before is trusted.
    lost: () => {
      changes++;
      known.clear();
    },
    logger,
  });

  const read = async (sessionId: string, userId: string): Promise<Principal | undefined> => {
    const before = changes;
    const session = await loadSession(deps, sessionId);
    if (session.status !== 'open' || session.userId !== userId) return undefined;
    const user = await loadUser(deps, userId);
    const principal = { actor: `user:${userId}`, userId, tenant: 'default', roles: user.roles, sessionId };
    if (before === changes && follower.following()) known.set(sessionId, principal);
    return principal;
  };

  return {
    of: (sessionId, userId) => {
      if (sessionId === localSession) return userId === localUser ? localPrincipal : undefined;
      const principal = known.get(sessionId);
      return principal?.userId === userId ? principal : read(sessionId, userId);
    },
    caughtUp: follower.caughtUp,
    close: follower.close,
  };
}
