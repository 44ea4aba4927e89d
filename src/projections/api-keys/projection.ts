import type { ApiKeyEvent } from '../../domain/access/api-key.ts';
import { streamProjection, type StreamRow } from '../folding/stream-row.ts';

/** One API key; never its secret, nor the hash of it. A type, so that it is a row of cells. */
export type ApiKeyRow = StreamRow & {
  readonly user_id: string;
  readonly name: string;
  /** JSON: string[]. */
  readonly scopes: string;
  /** JSON: string[]. */
  readonly addresses: string;
  readonly status: 'active' | 'revoked';
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly last_used_from: string | null;
  readonly revoked_at: string | null;
  readonly created_position: number;
};

export const apiKeys = streamProjection<ApiKeyRow, ApiKeyEvent>({
  name: 'api_keys',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'api_keys',
    columns: {
      user_id: 'text',
      name: 'text',
      scopes: 'json',
      addresses: 'json',
      status: 'text',
      created_at: 'text',
      expires_at: 'text',
      last_used_at: 'text',
      last_used_from: 'text',
      revoked_at: 'text',
      revision: 'integer',
      created_position: 'integer',
      position: 'integer',
    },
    indexes: [['user_id', 'created_position'], ['created_position']],
  },
  types: ['ApiKeyCreated', 'ApiKeyUsed', 'ApiKeyRevoked'],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'ApiKeyCreated') return undefined;
    return {
      id,
      user_id: data.userId,
      name: data.name,
      scopes: JSON.stringify(data.scopes),
      addresses: JSON.stringify(data.addresses),
      status: 'active',
      created_at: metadata.occurredAt,
      expires_at: data.expiresAt,
      last_used_at: null,
      last_used_from: null,
      revoked_at: null,
      revision,
      created_position: position,
      position,
    };
  },
  change(_row, { type, data, metadata }) {
    switch (type) {
      case 'ApiKeyUsed':
        return { last_used_at: data.usedAt, last_used_from: data.address };
      case 'ApiKeyRevoked':
        return { status: 'revoked', revoked_at: metadata.occurredAt };
      case 'ApiKeyCreated':
        return {};
    }
  },
});
