import type { ApiKeyRow } from '../../projections/api-keys/projection.ts';
import type { QueryDeps } from '../deps.ts';

/** An API key as its owner sees it; nothing of its secret. */
export interface ApiKeyResource {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** Permissions: the key may do what its owner may and one of these grants. */
  readonly scopes: readonly string[];
  /** CIDR blocks that it may be used from; none: from anywhere. */
  readonly addresses: readonly string[];
  readonly status: 'active' | 'expired' | 'revoked';
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** Exact to a minute. */
  readonly lastUsedAt: string | null;
  readonly lastUsedFrom: string | null;
  readonly revokedAt: string | null;
}

/** Rows as they are shown, the addresses of people opened. @throws StoreUnavailable */
export async function showApiKeys(
  { personal, clock }: Pick<QueryDeps, 'personal' | 'clock'>,
  rows: readonly ApiKeyRow[],
): Promise<readonly ApiKeyResource[]> {
  const traces = rows.map(({ user_id, last_used_from }) => ({ person: user_id, text: last_used_from }));
  const addresses = await personal.revealTraces(traces);
  const now = new Date(clock()).toISOString();
  return rows.map((row, index) => ({ ...toApiKey(row, now), lastUsedFrom: addresses[index] ?? null }));
}

/** @param now RFC 3339, UTC */
function toApiKey(row: ApiKeyRow, now: string): Omit<ApiKeyResource, 'lastUsedFrom'> {
  const isOver = row.status === 'active' && row.expires_at !== null && row.expires_at <= now;
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    scopes: JSON.parse(row.scopes) as ApiKeyResource['scopes'],
    addresses: JSON.parse(row.addresses) as ApiKeyResource['addresses'],
    status: isOver ? 'expired' : row.status,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
