import { z } from 'zod';
import { changeLimit, defineLimit, limitIdOf, removeLimit } from '../../commands/limits/rules.ts';
import { DomainError } from '../../domain/error.ts';
import { getLimit, listLimits, toLimit } from '../../queries/limits.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { limitInput, limitPatch, rateLimit, rateLimitList } from '../schemas/limit.ts';
import { asOfParam, idOrNameParam } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import { isId } from './mcp-id.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: idOrNameParam });
const query = z.strictObject({ asOf: asOfParam.exactOptional() });
const example = { id: exampleIds.limit };

/** The rules of rate limits: how much of what may be asked for in which time. */
export function limitRoutes({ commands, queries, limits }: RouteParts): readonly Route[] {
  const idOf = async (idOrName: string): Promise<string> => {
    if (isId(idOrName)) return idOrName.toLowerCase();
    const id = await limitIdOf(commands, idOrName);
    if (id === undefined) throw new DomainError('not_found', 'limit_not_found', 'there is no such rule');
    return id;
  };

  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/rate-limits',
      summary: 'List rate limits',
      description:
        'All rules, those that come with the product first. A use has to find room in every rule that is about it.',
      tags: ['limits'],
      access: { permission: 'limit:read' },
      request: { query },
      responses: { 200: { description: 'All rules', schema: rateLimitList } },
      examples: [{ summary: 'All rules' }],
      handler: async (input) => ok({ items: [...(await listLimits(queries, input.query))], nextCursor: null }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/rate-limits',
      summary: 'Define a rate limit',
      description: 'It counts on every node a moment later. docs/rate-limits.md tells what rules can say.',
      tags: ['limits'],
      access: { permission: 'limit:manage' },
      problems: [409],
      request: { body: limitInput },
      responses: { 201: { description: 'Defined', schema: rateLimit } },
      examples: [
        {
          summary: 'Ten issues in a minute from each person',
          body: {
            name: 'issues',
            classes: ['call'],
            per: ['principal', 'tool'],
            limit: 10,
            windowMs: 60_000,
            tools: ['github:create_*'],
          },
        },
      ],
      async handler({ body }, context) {
        const { rule, revision, position } = await defineLimit(commands, context.command(), body);
        await limits.caughtUp(position);
        const headers = { Location: `/api/v1/rate-limits/${rule.id}` };
        return { status: 201, headers, body: toLimit(rule), revision, position };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/rate-limits/{id}',
      summary: 'Read a rate limit',
      tags: ['limits'],
      access: { permission: 'limit:read' },
      versioned: true,
      request: { params, query },
      responses: { 200: { description: 'The rule', schema: rateLimit } },
      examples: [{ summary: 'By name', params: example }],
      async handler(input) {
        const { resource, revision } = await getLimit(queries, input.params.id.toLowerCase(), input.query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/api/v1/rate-limits/{id}',
      summary: 'Change a rate limit',
      description: 'One that comes with the product can be changed, too. What was used before counts on.',
      tags: ['limits'],
      access: { permission: 'limit:manage' },
      conditional: true,
      problems: [409],
      request: { params, body: limitPatch },
      responses: { 200: { description: 'The rule', schema: rateLimit } },
      examples: [{ summary: 'Another limit', params: example, body: { limit: 60_000 } }],
      async handler({ params: { id }, body }, context) {
        const { rule, revision, position } = await changeLimit(commands, context.command(), await idOf(id), body);
        await limits.caughtUp(position);
        return { status: 200, body: toLimit(rule), revision, position };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/rate-limits/{id}',
      summary: 'Remove a rate limit',
      description: 'One that comes with the product, and was changed, is then again as it came.',
      tags: ['limits'],
      access: { permission: 'limit:manage' },
      conditional: true,
      problems: [409],
      request: { params },
      responses: { 204: { description: 'Removed' } },
      examples: [{ summary: 'By name', params: example }],
      async handler({ params: { id } }, context) {
        const position = await removeLimit(commands, context.command(), await idOf(id));
        await limits.caughtUp(position);
        return { status: 204, position };
      },
    }),
  ];
}
