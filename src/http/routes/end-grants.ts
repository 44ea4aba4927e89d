import { derivedId } from '../../commands/derived-id.ts';
import { following, type CommandContext } from '../../commands/context.ts';
import { revokeOAuthGrant } from '../../commands/oauth.ts';
import type { Position } from '../../ports/event-store.ts';
import { activeGrantsOf } from '../../queries/oauth-grants/oauth-grants.ts';
import { endSignIns } from '../oauth/sign-ins.ts';
import type { RouteParts } from './parts.ts';

/** What it takes to end what somebody was let do. */
export type EndingParts = Pick<RouteParts, 'commands' | 'queries' | 'principals' | 'coordination'>;

const waitMs = 2000;

/**
 * Takes back everything that a user lets clients do, and ends what he has begun at the login page; no code and no token of
 * it is good any more when it answers, here and, within a second, on every other node.
 * @param after grants that were given before this position are not missed
 * @returns position of the last event
 */
export async function endGrantsOf(
  { commands, queries, principals, coordination: { cache } }: EndingParts,
  command: CommandContext,
  userId: string,
  after: Position,
): Promise<Position> {
  // First, so that nobody who is at the login page gives a grant that is not seen below.
  await endSignIns({ commands, cache }, userId);
  let position = Math.max(after, await commands.store.head());
  await queries.models.waitFor('oauth_grants', position, waitMs);
  for (const id of await activeGrantsOf(queries, userId, position)) {
    const revoke = following(command, derivedId(`end grant ${id}`, command.commandId));
    position = Math.max(position, await revokeOAuthGrant(commands, revoke, id));
  }
  await principals.caughtUp(position);
  return position;
}
