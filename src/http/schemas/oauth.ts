import { z } from 'zod';
import { pageOf, time } from './common.ts';

export const grantIdParam = z
  .string()
  .regex(/^[\w-]{1,100}$/, 'must be the id of a grant')
  .meta({ description: 'As the list of grants tells it' });

export const oauthGrant = z
  .object({
    id: z.string(),
    userId: z.string(),
    clientId: z.string().meta({ description: 'Of a client that registered, or the URL of its metadata document' }),
    clientName: z
      .string()
      .meta({ description: 'What the user saw it called; for a metadata document, who publishes it' }),
    resources: z
      .array(z.object({ resource: z.string(), scopes: z.array(z.string()).readonly() }))
      .readonly()
      .meta({ description: 'What it may do, and where' }),
    status: z.enum(['active', 'expired', 'revoked']),
    createdAt: time,
    expiresAt: time,
    lastUsedAt: time.nullable().meta({ description: 'Exact to a minute' }),
    lastUsedFrom: z.string().nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'OAuthGrant' });

export const oauthGrantPage = pageOf(oauthGrant, 'OAuthGrant');
