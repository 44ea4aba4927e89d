import { z } from 'zod';
import { setRoles } from '../../commands/users.ts';
import { getUser, listUsers } from '../../queries/users/users.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { asOfParam, idParam, listQuery, momentQuery } from '../schemas/params.ts';
import { roleName } from '../schemas/access.ts';
import { roleChange, user, userPage } from '../schemas/user.ts';
import { eraseUserRoute } from './erase-user.ts';
import { exampleIds } from './example-ids.ts';
import { passwordResetRoute } from './password.ts';
import type { RouteParts } from './parts.ts';

/** People and what they may do. */
export function userRoutes(parts: RouteParts): readonly Route[] {
  const { commands, queries, principals } = parts;
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/users',
      summary: 'List users',
      tags: ['users'],
      access: { permission: 'user:read' },
      reads: 'users',
      keeps: {},
      request: {
        query: z.strictObject({
          ...listQuery,
          username: z.string().min(1).max(64).exactOptional(),
          email: z.string().min(1).max(254).exactOptional(),
          role: roleName.exactOptional(),
          asOf: asOfParam.exactOptional(),
        }),
      },
      responses: { 200: { description: 'A page of users', schema: userPage } },
      examples: [{ summary: 'The administrators, by name', query: { role: 'admin', sort: 'username' } }],
      handler: async ({ query }) => ok(await listUsers(queries, query)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/users/{id}',
      summary: 'Read a user',
      tags: ['users'],
      access: { permission: 'user:read' },
      reads: 'users',
      keeps: {},
      versioned: true,
      request: { params: z.strictObject({ id: idParam }), query: z.strictObject(momentQuery) },
      responses: { 200: { description: 'The user', schema: user } },
      examples: [{ summary: 'By id', params: { id: exampleIds.user } }],
      async handler({ params, query }) {
        const { resource, revision } = await getUser(queries, params.id, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'put',
      path: '/api/v1/users/{id}/roles',
      summary: 'Set the roles of a user',
      description:
        'They count with the next request of the user. Nobody changes his own, gives or takes permissions that he lacks; the last ' +
        'administrator stays.',
      tags: ['users'],
      access: { permission: 'user:manage' },
      conditional: true,
      problems: [409],
      request: { params: z.strictObject({ id: idParam }), body: roleChange },
      responses: { 200: { description: 'The user', schema: user } },
      examples: [{ summary: 'Make an operator', params: { id: exampleIds.user }, body: { roles: ['operator'] } }],
      async handler({ params: { id }, body: { roles } }, context) {
        const { revision, position } = await setRoles(commands, context.command(), id, roles);
        await principals.caughtUp(position);
        const { resource } = await getUser(queries, id, { revision });
        return { status: 200, body: resource, revision, position };
      },
    }),
    passwordResetRoute(parts),
    eraseUserRoute(parts),
  ];
}
