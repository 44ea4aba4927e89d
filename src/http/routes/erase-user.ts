import { z } from 'zod';
import { following, type CommandContext } from '../../commands/context.ts';
import { derivedId } from '../../commands/derived-id.ts';
import { beginErasure, recordErasure } from '../../commands/erase-user.ts';
import { dropPersonalSecret } from '../../commands/secrets/secrets.ts';
import type { Position } from '../../ports/event-store.ts';
import { personalSecretsOf } from '../../queries/secrets/secrets.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { idParam } from '../schemas/params.ts';
import { endWaysIn } from './end-ways-in.ts';
import { exampleIds } from './example-ids.ts';
import type { RouteParts } from './parts.ts';

const waitMs = 2000;

/**
 * Erasing a person, in steps that may each be done again: a request that broke off is gone on with by the next one. From
 * the first step on nobody comes in as the user; he stays in the list, without roles, until the last.
 */
export function eraseUserRoute(parts: RouteParts): Route {
  const { commands, queries } = parts;
  return defineRoute({
    method: 'delete',
    path: '/api/v1/users/{id}',
    summary: 'Erase a user',
    description:
      'For good: the key that his name, his e-mail address and the addresses he came from are sealed with is forgotten, ' +
      'so that nobody reads them again, in backups of the log either. His roles, sessions, API keys, grants and personal secrets ' +
      'end; what he did stays recorded, under his id. His names are free for others. It is for those who may do all that ' +
      'the user may, and not for himself; the last administrator stays. When it breaks off (503), send it again.',
    tags: ['users'],
    access: { permission: 'user:manage' },
    conditional: true,
    problems: [409],
    request: { params: z.strictObject({ id: idParam }) },
    responses: { 204: { description: 'Erased' } },
    examples: [{ summary: 'By id', params: { id: exampleIds.user } }],
    async handler({ params: { id } }, context) {
      const command = context.command();
      const begun = await beginErasure(commands, command, id);
      await endWaysIn(parts, command, id, begun, 'user_erased');
      await dropSecretsOf(parts, command, id);
      await queries.personal.erase(id);
      return { status: 204, position: await recordErasure(commands, command, id) };
    },
  });
}

/** Deletes the personal secrets of a user; no connection uses them any more when it answers. */
async function dropSecretsOf(
  { commands, queries, secretChanges }: RouteParts,
  command: CommandContext,
  userId: string,
): Promise<void> {
  const through: Position = await commands.store.head();
  await queries.models.waitFor('secrets', through, waitMs);
  let position = 0;
  for (const id of await personalSecretsOf(queries, `user:${userId}`, through)) {
    const drop = following(command, derivedId(`drop ${id}`, command.commandId));
    position = Math.max(position, await dropPersonalSecret(commands, drop, id));
  }
  await secretChanges.caughtUp(position);
}
