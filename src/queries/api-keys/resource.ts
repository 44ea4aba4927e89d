import type { ApiKeyRow } from '../../projections/api-keys/projection.ts';

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

/** @param now RFC 3339, UTC */
export function toApiKey(row: ApiKeyRow, now: string): ApiKeyResource {
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
    lastUsedFrom: row.last_used_from,
    revokedAt: row.revoked_at,
  };
}
