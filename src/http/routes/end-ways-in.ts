import { revokeApiKey } from '../../commands/api-keys.ts';
import { following, type CommandContext } from '../../commands/context.ts';
import { derivedId } from '../../commands/derived-id.ts';
import type { Position } from '../../ports/event-store.ts';
import { listApiKeys } from '../../queries/api-keys/api-keys.ts';
import { endSessionsOf } from './end-sessions.ts';
import type { EndingParts } from './end-grants.ts';

const waitMs = 2000;

/**
 * Ends every way into an account that was there before its owner proved the address to be his: sessions and what clients
 * were let do, then API keys, so that no session makes another key meanwhile. The password is gone already.
 */
export async function endWaysIn(
  parts: EndingParts,
  command: CommandContext,
  userId: string,
  after: Position,
): Promise<void> {
  const { commands, queries } = parts;
  const position = await endSessionsOf(parts, command, { userId, reason: 'password_changed', kept: null, after });
  await queries.models.waitFor('api_keys', position, waitMs);
  const viewer = { userId, seesAll: false };
  const byUser = { ...command, principal: { ...command.principal, actor: `user:${userId}`, userId } };
  for (let cursor: string | undefined; ;) {
    const page = await listApiKeys(queries, viewer, { status: 'active', ...(cursor === undefined ? {} : { cursor }) });
    for (const { id } of page.items) {
      await revokeApiKey(commands, following(byUser, derivedId(`revoke ${id}`, command.commandId)), id);
    }
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
}
