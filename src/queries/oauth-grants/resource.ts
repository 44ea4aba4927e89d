import type { OAuthGrantRow } from '../../projections/oauth-grants/projection.ts';

/** What a person lets a client do, as that person sees it. */
export interface OAuthGrantResource {
  readonly id: string;
  readonly userId: string;
  /** Id of a registered client, or the URL of its metadata document. */
  readonly clientId: string;
  readonly clientName: string;
  readonly resources: readonly { readonly resource: string; readonly scopes: readonly string[] }[];
  readonly status: 'active' | 'expired' | 'revoked';
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Exact to a minute. */
  readonly lastUsedAt: string | null;
  readonly lastUsedFrom: string | null;
  readonly revokedAt: string | null;
}

/** @param now RFC 3339, UTC */
export function toOAuthGrant(row: OAuthGrantRow, now: string): OAuthGrantResource {
  const resources = JSON.parse(row.resources) as Readonly<Record<string, string>>;
  return {
    id: row.id,
    userId: row.user_id,
    clientId: row.client_id,
    clientName: row.client_name,
    resources: Object.entries(resources).map(([resource, scopes]) => ({ resource, scopes: scopes.split(' ') })),
    status: row.status === 'active' && row.expires_at <= now ? 'expired' : row.status,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    lastUsedFrom: row.last_used_from,
    revokedAt: row.revoked_at,
  };
}
