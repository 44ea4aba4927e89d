import { z } from 'zod';
import { takeBackOAuthGrant } from '../../commands/oauth.ts';
import { may, type Principal } from '../../domain/access/principal.ts';
import { getOAuthGrant, listOAuthGrants, type GrantViewer } from '../../queries/oauth-grants/oauth-grants.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { grantIdParam, oauthGrant, oauthGrantPage } from '../schemas/oauth.ts';
import { asOfParam, idParam, listQuery, momentQuery } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: grantIdParam });

/** What people let clients of the authorization server do. */
export function oauthGrantRoutes({ commands, queries, principals }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/oauth/grants',
      summary: 'List what one lets clients do',
      description: 'One’s own; with the permission oauth-grant:manage and `userId` those of somebody else.',
      tags: ['oauth'],
      access: { permission: 'self:manage' },
      reads: 'oauth_grants',
      request: {
        query: z.strictObject({
          ...listQuery,
          userId: idParam.exactOptional(),
          status: z.enum(['active', 'revoked']).exactOptional(),
          clientId: z.string().min(1).max(2000).exactOptional(),
          asOf: asOfParam.exactOptional(),
        }),
      },
      responses: { 200: { description: 'A page of grants', schema: oauthGrantPage } },
      examples: [{ summary: 'Those that were not taken back', query: { status: 'active' } }],
      handler: async ({ query }, { principal }) => ok(await listOAuthGrants(queries, viewerOf(principal), query)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/oauth/grants/{id}',
      summary: 'Read what one lets a client do',
      tags: ['oauth'],
      access: { permission: 'self:manage', others: 'oauth-grant:manage' },
      reads: 'oauth_grants',
      versioned: true,
      request: { params, query: z.strictObject(momentQuery) },
      responses: { 200: { description: 'The grant', schema: oauthGrant } },
      examples: [{ summary: 'By id', params: { id: exampleIds.oauthGrant } }],
      async handler({ params: { id }, query }, { principal }) {
        const { resource, revision } = await getOAuthGrant(queries, viewerOf(principal), id, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/oauth/grants/{id}',
      summary: 'Take back what one lets a client do',
      description:
        'Its refresh token and its access tokens are refused from now on, everywhere, and open streams of it end. It stays in the list.',
      tags: ['oauth'],
      access: { permission: 'self:manage', others: 'oauth-grant:manage' },
      conditional: true,
      request: { params },
      responses: { 204: { description: 'Taken back' } },
      examples: [{ summary: 'By id', params: { id: exampleIds.oauthGrant } }],
      async handler({ params: { id } }, context) {
        const position = await takeBackOAuthGrant(commands, context.command(), id);
        await principals.caughtUp(position);
        return { status: 204, position };
      },
    }),
  ];
}

function viewerOf(principal: Principal): GrantViewer {
  return { userId: principal.userId, seesAll: may(principal, 'oauth-grant:manage') };
}
