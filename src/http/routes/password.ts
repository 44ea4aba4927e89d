import { endSession } from '../../commands/sessions.ts';
import { changePassword, loadUser } from '../../commands/users.ts';
import { DomainError } from '../../domain/error.ts';
import { openSessionsOf } from '../../queries/users/sessions.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { passwordChange } from '../schemas/user.ts';
import { guarded } from './login-attempt.ts';
import type { RouteParts } from './parts.ts';

const waitMs = 2000;

/** Changing one's own password, which ends every other session of the user. */
export function passwordRoute({ commands, queries, principals, logins }: RouteParts): Route {
  return defineRoute({
    method: 'post',
    path: '/api/v1/auth/password',
    summary: 'Change my password',
    description: 'Every other session of the user ends.',
    tags: ['auth'],
    access: { permission: 'self:manage' },
    problems: [429],
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
      const command = context.command();
      let { position } = await changePassword(commands, command, userId, newPassword);
      // A session that was opened with the old password a moment ago must not be missed.
      await queries.models.waitFor('sessions', position, waitMs);
      for (const open of await openSessionsOf(queries, userId)) {
        if (open !== sessionId) position = await endSession(commands, command, open, 'password_changed');
      }
      await principals.caughtUp(position);
      return { status: 204, position };
    },
  });
}
