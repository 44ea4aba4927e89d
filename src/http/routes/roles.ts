import { z } from 'zod';
import { changeRole, defineRole, removeRole } from '../../commands/roles.ts';
import { getRole, isRoleHeld, listRoles, toRole } from '../../queries/roles.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { role, roleContent, roleInput, roleList, roleName } from '../schemas/access.ts';
import { asOfParam } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ name: roleName });
const query = z.strictObject({ asOf: asOfParam.exactOptional() });
const permissions = ['mcp:github:read', 'mcp:github:call:create_*'];

/** What people may be: the built-in roles, and those that are defined here. */
export function roleRoutes({ commands, queries, principals }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/roles',
      summary: 'List roles and their permissions',
      tags: ['users'],
      access: { permission: 'role:read' },
      request: { query },
      responses: { 200: { description: 'All roles', schema: roleList } },
      examples: [{ summary: 'All roles' }],
      handler: async (input) => ok({ items: [...(await listRoles(queries, input.query))], nextCursor: null }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/roles/{name}',
      summary: 'Read a role',
      tags: ['users'],
      access: { permission: 'role:read' },
      versioned: true,
      request: { params, query },
      responses: { 200: { description: 'The role', schema: role } },
      examples: [{ summary: 'By name', params: { name: 'developer' } }],
      async handler(input) {
        const { resource, revision } = await getRole(queries, input.params.name, input.query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/roles',
      summary: 'Define a role',
      description:
        'With permissions that the caller has, down to one mcp and one tool. docs/permissions.md has the grammar.',
      tags: ['users'],
      access: { permission: 'role:manage' },
      problems: [409],
      request: { body: roleInput },
      responses: { 201: { description: 'Defined', schema: role } },
      examples: [{ summary: 'Somebody who files issues', body: { name: 'issue-filer', permissions } }],
      async handler({ body }, context) {
        const { role: defined, position } = await defineRole(commands, context.command(), body);
        await principals.caughtUp(position);
        const { revision } = defined;
        const headers = { Location: `/api/v1/roles/${body.name}` };
        return { status: 201, headers, body: toRole(defined), revision, position };
      },
    }),
    defineRoute({
      method: 'put',
      path: '/api/v1/roles/{name}',
      summary: 'Change a role',
      description: 'It counts with the next request of everybody who has it. Built-in roles cannot be changed.',
      tags: ['users'],
      access: { permission: 'role:manage' },
      conditional: true,
      problems: [409],
      request: { params, body: roleContent },
      responses: { 200: { description: 'The role', schema: role } },
      examples: [{ summary: 'Other permissions', params: { name: exampleIds.role }, body: { permissions } }],
      async handler({ params: { name }, body }, context) {
        const { role: changed, position } = await changeRole(commands, context.command(), { name, ...body });
        await principals.caughtUp(position);
        return { status: 200, body: toRole(changed), revision: changed.revision, position };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/roles/{name}',
      summary: 'Remove a role',
      description: 'One that nobody has. Built-in roles cannot be removed.',
      tags: ['users'],
      access: { permission: 'role:manage' },
      conditional: true,
      problems: [409],
      request: { params },
      responses: { 204: { description: 'Removed' } },
      examples: [{ summary: 'By name', params: { name: exampleIds.role } }],
      async handler({ params: { name } }, context) {
        const position = await removeRole(commands, context.command(), name, () => isRoleHeld(queries, name));
        await principals.caughtUp(position);
        return { status: 204, position };
      },
    }),
  ];
}
