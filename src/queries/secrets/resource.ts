import type { SecretRow } from '../../projections/secrets/projection.ts';

/** A secret as those see it who may: never what it holds. */
export interface SecretResource {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly scope: SecretRow['scope'];
  /** As events name him. */
  readonly owner: string;
  /** The mcp of whose settings it is one; null for other scopes. */
  readonly mcpId: string | null;
  /** Ids of the mcps that a personal secret may be used for. */
  readonly mcps: readonly string[];
  readonly status: SecretRow['status'];
  readonly version: number;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string;
  readonly rotatedAt: string;
}

export function toSecret(row: SecretRow): SecretResource {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    scope: row.scope,
    owner: row.owner,
    mcpId: row.mcp_id,
    mcps: JSON.parse(row.mcps) as SecretResource['mcps'],
    status: row.status,
    version: row.version,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    rotatedAt: row.rotated_at,
  };
}
