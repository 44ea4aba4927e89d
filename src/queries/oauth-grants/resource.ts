import type { OAuthGrantRow } from '../../projections/oauth-grants/projection.ts';
import type { QueryDeps } from '../deps.ts';

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

/** Rows as they are shown, the addresses of people opened. @throws StoreUnavailable */
export async function showOAuthGrants(
  { personal, clock }: Pick<QueryDeps, 'personal' | 'clock'>,
  rows: readonly OAuthGrantRow[],
): Promise<readonly OAuthGrantResource[]> {
  const traces = rows.map(({ user_id, last_used_from }) => ({ person: user_id, text: last_used_from }));
  const addresses = await personal.revealTraces(traces);
  const now = new Date(clock()).toISOString();
  return rows.map((row, index) => ({ ...toOAuthGrant(row, now), lastUsedFrom: addresses[index] ?? null }));
}

/** @param now RFC 3339, UTC */
function toOAuthGrant(row: OAuthGrantRow, now: string): Omit<OAuthGrantResource, 'lastUsedFrom'> {
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
    revokedAt: row.revoked_at,
  };
}
