import { z } from 'zod';
import type { CommandContext } from '../../commands/context.ts';
import { changePassword, demandAuthorityOver, loadUser } from '../../commands/users.ts';
import { DomainError } from '../../domain/error.ts';
import type { Position } from '../../ports/event-store.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { idParam } from '../schemas/params.ts';
import { passwordChange, passwordReset } from '../schemas/user.ts';
import { endSessionsOf } from './end-sessions.ts';
import { exampleIds } from './example-ids.ts';
import { guarded } from './login-attempt.ts';
import type { RouteParts } from './parts.ts';

/** Changing one's own password, which ends every other session of the user. */
export function passwordRoute(parts: RouteParts): Route {
  const { commands, logins } = parts;
  return defineRoute({
    method: 'post',
    path: '/api/v1/auth/password',
    summary: 'Change my password',
    description: 'Every other session of the user ends.',
    tags: ['auth'],
    access: { permission: 'self:manage', session: true },
    conditional: true,
    request: { body: passwordChange },
    responses: { 204: { description: 'Changed' } },
    async handler({ body: { currentPassword, newPassword } }, context) {
      const { userId, sessionId } = context.principal;
      if (userId === null) throw new DomainError('not_found', 'user_not_found', 'this credential belongs to no user');
      const { username, passwordHash } = await loadUser(commands, userId);
      await guarded(logins, username, context, async () => {
        if (await commands.passwords.verify(passwordHash, currentPassword)) return;
        const faults = [{ pointer: '/currentPassword', detail: 'is wrong' }];
        throw new DomainError('invalid', 'wrong_password', 'the current password is wrong', faults);
      });
      return { status: 204, position: await setPassword(parts, context.command(), userId, newPassword, sessionId) };
    },
  });
}

/** Giving somebody a new password, which ends every session of that user. */
export function passwordResetRoute(parts: RouteParts): Route {
  return defineRoute({
    method: 'post',
    path: '/api/v1/users/{id}/password',
    summary: 'Give a user a new password',
    description:
      'For those who have lost theirs. Every session of the user ends. It is for those to give who may do all that the user may.',
    tags: ['users'],
    access: { permission: 'user:manage' },
    conditional: true,
    request: { params: z.strictObject({ id: idParam }), body: passwordReset },
    responses: { 204: { description: 'Set' } },
    examples: [
      {
        summary: 'A password to pass on',
        params: { id: exampleIds.user },
        body: { password: 'correct horse battery staple' },
      },
    ],
    async handler({ params: { id }, body: { password } }, context) {
      const command = context.command();
      await demandAuthorityOver(parts.commands, command, id);
      return { status: 204, position: await setPassword(parts, command, id, password, null) };
    },
  });
}

/**
 * Sets a password and ends the sessions that were opened with the old one.
 * @param kept the session that goes on; null ends them all
 * @returns position of the last event
 */
async function setPassword(
  parts: RouteParts,
  command: CommandContext,
  userId: string,
  password: string,
  kept: string | null,
): Promise<Position> {
  const { position } = await changePassword(parts.commands, command, userId, password);
  return endSessionsOf(parts, command, { userId, kept, reason: 'password_changed', after: position });
}
