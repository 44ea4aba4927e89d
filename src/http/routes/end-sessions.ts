import type { CommandContext } from '../../commands/context.ts';
import { endSession } from '../../commands/sessions.ts';
import type { SessionEndReason } from '../../domain/session/decider.ts';
import type { Position } from '../../ports/event-store.ts';
import { openSessionsOf } from '../../queries/users/sessions.ts';
import { endGrantsOf, type EndingParts } from './end-grants.ts';

const waitMs = 2000;

interface Ending {
  readonly userId: string;
  readonly reason: SessionEndReason;
  /** The session that goes on; null ends them all. */
  readonly kept: string | null;
  /** A session that was opened before this position must not be missed. */
  readonly after: Position;
}

/**
 * Ends the sessions of a user and takes back what he lets clients do; no credential of theirs is good any more when it
 * answers. API keys stay.
 * @returns position of the last event
 */
export async function endSessionsOf(
  parts: EndingParts,
  command: CommandContext,
  { userId, reason, kept, after }: Ending,
): Promise<Position> {
  const { commands, queries } = parts;
  let position = after;
  await queries.models.waitFor('sessions', position, waitMs);
  for (const open of await openSessionsOf(queries, userId)) {
    if (open !== kept) position = await endSession(commands, command, open, reason);
  }
  return endGrantsOf(parts, command, userId, position);
}
