import { endApiKey } from '../../commands/api-keys.ts';
import { following, type CommandContext } from '../../commands/context.ts';
import { derivedId } from '../../commands/derived-id.ts';
import type { SessionEndReason } from '../../domain/session/decider.ts';
import type { Position } from '../../ports/event-store.ts';
import { activeKeysOf } from '../../queries/api-keys/api-keys.ts';
import { endSessionsOf } from './end-sessions.ts';
import type { EndingParts } from './end-grants.ts';

const waitMs = 2000;

/**
 * Ends every way into an account: sessions, sign-ins under way and what clients were let do, then API keys, so that no
 * session makes another key meanwhile. The password is gone already, or of no use.
 * @param after sessions that were opened before this position are not missed
 * @returns position of the last event; no credential is good any more then
 */
export async function endWaysIn(
  parts: EndingParts,
  command: CommandContext,
  userId: string,
  after: Position,
  reason: SessionEndReason = 'password_changed',
): Promise<Position> {
  const { commands, queries, principals } = parts;
  let position = await endSessionsOf(parts, command, { userId, reason, kept: null, after });
  const through = Math.max(position, await commands.store.head());
  await queries.models.waitFor('api_keys', through, waitMs);
  for (const id of await activeKeysOf(queries, userId, through)) {
    const revoke = following(command, derivedId(`revoke ${id}`, command.commandId));
    position = Math.max(position, await endApiKey(commands, revoke, id));
  }
  await principals.caughtUp(position);
  return position;
}
