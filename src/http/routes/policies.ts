import { demand } from '../../commands/denials.ts';
import { checkChange } from '../../queries/what-if/asked-change.ts';
import { previewPolicy } from '../../queries/what-if/preview.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { preview, previewInput } from '../schemas/policy.ts';
import type { RouteParts } from './parts.ts';

const path = '/api/v1/policies/preview';

/** What another policy would have decided. Nothing is changed by asking. */
export function policyRoutes({ commands, queries, auditReads, createWindows }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path,
      summary: 'Try a change of roles or rate limits on the record',
      description:
        'Decides the recorded calls and denials again, as things were at the time of each, with and without the change, and ' +
        'lists what would have come out differently. Needs `role:manage` for roles and `limit:manage` for rate limits as ' +
        'well. Asking is recorded as a reading of the audit trail.',
      tags: ['audit'],
      access: { permission: 'audit:read' },
      counts: 'export',
      // It shows addresses of many people, which are stored only sealed with the key of each.
      secretAnswer: true,
      request: { body: previewInput },
      responses: { 200: { description: 'A page of differences', schema: preview } },
      examples: [
        {
          summary: 'Had viewers been able to call the tool echo',
          body: {
            change: { roles: [{ name: 'viewer', permissions: ['mcp:read', 'mcp:*:call:echo', 'self:manage'] }] },
            limit: 20,
          },
        },
      ],
      async handler({ body: { change, ...range } }, context) {
        const command = context.command();
        const { roles, members, limits } = change;
        const named = `POST ${path}`;
        if (roles.length > 0 || members.length > 0) await demand(commands, command, 'role:manage', named);
        if (limits.length > 0) await demand(commands, command, 'limit:manage', named);
        const checked = await checkChange(queries, change);
        const { principal: reader, signal } = context;
        const found = await previewPolicy(queries, { ...range, ...checked }, { reader, signal, createWindows });
        const { cursor, limit: _limit, ...filter } = range;
        // Further pages are the same reading.
        if (cursor === undefined) {
          await auditReads.record(command, 'preview', { ...filter, change: JSON.stringify(change) });
        }
        return ok(found);
      },
    }),
  ];
}
