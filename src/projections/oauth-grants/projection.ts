import type { OAuthGrantContent, OAuthGrantEvent } from '../../domain/oauth/grant.ts';
import { streamProjection, type StreamRow } from '../folding/stream-row.ts';

/** What one person lets one client do; nothing of its tokens. A type, so that it is a row of cells. */
export type OAuthGrantRow = StreamRow & {
  readonly user_id: string;
  readonly client_id: string;
  readonly client_name: string;
  /** JSON: resource -> scopes, separated by spaces. */
  readonly resources: string;
  readonly status: 'active' | 'revoked';
  readonly created_at: string;
  readonly expires_at: string;
  readonly last_used_at: string | null;
  readonly last_used_from: string | null;
  readonly revoked_at: string | null;
  readonly created_position: number;
};

export const oauthGrants = streamProjection<OAuthGrantRow, OAuthGrantEvent>({
  name: 'oauth_grants',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'oauth_grants',
    columns: {
      user_id: 'text',
      client_id: 'text',
      client_name: 'text',
      resources: 'json',
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
  types: ['OAuthGrantGiven', 'OAuthGrantChanged', 'OAuthGrantUsed', 'OAuthGrantRevoked'],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'OAuthGrantGiven') return undefined;
    return {
      id,
      user_id: data.userId,
      client_id: data.clientId,
      ...changing(data),
      status: 'active',
      created_at: metadata.occurredAt,
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
      case 'OAuthGrantChanged':
        return changing(data);
      case 'OAuthGrantUsed':
        return { last_used_at: data.usedAt, last_used_from: data.address };
      case 'OAuthGrantRevoked':
        return { status: 'revoked', revoked_at: metadata.occurredAt };
      case 'OAuthGrantGiven':
        return {};
    }
  },
});

function changing({ clientId, clientName = clientId, resources, expiresAt }: OAuthGrantContent) {
  return { client_name: clientName, resources: JSON.stringify(resources), expires_at: expiresAt };
}
