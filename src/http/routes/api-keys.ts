import { z } from 'zod';
import { createApiKey, revokeApiKey } from '../../commands/api-keys.ts';
import { may, type Principal } from '../../domain/access/principal.ts';
import { getApiKey, listApiKeys, type KeyViewer } from '../../queries/api-keys/api-keys.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { apiKey, apiKeyInput, apiKeyPage, createdApiKey } from '../schemas/access.ts';
import { asOfParam, idParam, listQuery, momentQuery } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: idParam });

/** Credentials for programs: they speak for their owner, within their scopes. */
export function apiKeyRoutes({ commands, queries, principals }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/api-keys',
      summary: 'List API keys',
      description: 'One’s own; with the permission api-key:manage everybody’s. Never their secrets.',
      tags: ['api-keys'],
      access: { permission: 'self:manage' },
      reads: 'api_keys',
      request: {
        query: z.strictObject({
          ...listQuery,
          userId: idParam.exactOptional(),
          status: z.enum(['active', 'revoked']).exactOptional(),
          name: z.string().min(1).max(100).exactOptional(),
          asOf: asOfParam.exactOptional(),
        }),
      },
      responses: { 200: { description: 'A page of keys', schema: apiKeyPage } },
      examples: [{ summary: 'Those that are not revoked', query: { status: 'active' } }],
      handler: async ({ query }, { principal }) => ok(await listApiKeys(queries, viewerOf(principal), query)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/api-keys',
      summary: 'Make an API key',
      description:
        'The answer holds the key, once. It goes into `Authorization: Bearer` or `X-API-Key`. A key may do what its owner ' +
        'may at that moment and one of its scopes grants. Keys are made by people: a key makes no keys.',
      tags: ['api-keys'],
      access: { permission: 'self:manage', session: true },
      secretAnswer: true,
      request: { body: apiKeyInput },
      responses: { 201: { description: 'Made', schema: createdApiKey } },
      examples: [
        {
          summary: 'A key that calls one tool',
          body: { name: 'nightly report', scopes: ['mcp:everything:call:echo'], expiresAt: '2099-01-01T00:00:00Z' },
        },
      ],
      async handler({ body: { name, scopes, expiresAt, addresses = [] } }, context) {
        const { id, key, revision, position } = await createApiKey(commands, context.command(), {
          name,
          scopes,
          expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
          addresses,
        });
        const { resource } = await getApiKey(queries, viewerOf(context.principal), id, { revision });
        const headers = { Location: `/api/v1/api-keys/${id}` };
        return { status: 201, headers, body: { ...resource, key }, revision, position, secret: true };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/api-keys/{id}',
      summary: 'Read an API key',
      tags: ['api-keys'],
      access: { permission: 'self:manage', others: 'api-key:manage' },
      reads: 'api_keys',
      versioned: true,
      request: { params, query: z.strictObject(momentQuery) },
      responses: { 200: { description: 'The key, without its secret', schema: apiKey } },
      examples: [{ summary: 'By id', params: { id: exampleIds.apiKey } }],
      async handler({ params: { id }, query }, { principal }) {
        const { resource, revision } = await getApiKey(queries, viewerOf(principal), id, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/api-keys/{id}',
      summary: 'Revoke an API key',
      description: 'It is refused from now on, everywhere, and open streams of it end. It stays in the list.',
      tags: ['api-keys'],
      access: { permission: 'self:manage', others: 'api-key:manage' },
      conditional: true,
      request: { params },
      responses: { 204: { description: 'Revoked' } },
      examples: [{ summary: 'By id', params: { id: exampleIds.apiKey } }],
      async handler({ params: { id } }, context) {
        const position = await revokeApiKey(commands, context.command(), id);
        await principals.caughtUp(position);
        return { status: 204, position };
      },
    }),
  ];
}

function viewerOf(principal: Principal): KeyViewer {
  return { userId: principal.userId, seesAll: may(principal, 'api-key:manage') };
}
