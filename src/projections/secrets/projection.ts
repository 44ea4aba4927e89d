import type { Consent, SecretEvent } from '../../domain/secret/events.ts';
import { nameKey } from '../mcps/row.ts';
import { streamProjection, type StreamRow } from '../folding/stream-row.ts';

/** One secret; never its value, sealed or not. A type, so that it is a row of cells. */
export type SecretRow = StreamRow & {
  readonly name: string;
  readonly name_key: string;
  readonly description: string;
  readonly scope: 'shared' | 'user' | 'mcp';
  readonly owner: string;
  readonly mcp_id: string | null;
  /** JSON: string[], ids. */
  readonly mcps: string;
  readonly status: 'active' | 'deleted';
  readonly version: number;
  /** Id of the master key that its value's key is sealed with. */
  readonly master_key: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly updated_at: string;
  /** When it got the value that it has. */
  readonly rotated_at: string;
  readonly created_position: number;
};

export const secrets = streamProjection<SecretRow, SecretEvent>({
  name: 'secrets',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'secrets',
    columns: {
      name: 'text',
      name_key: 'text',
      description: 'text',
      scope: 'text',
      owner: 'text',
      mcp_id: 'text',
      mcps: 'json',
      status: 'text',
      version: 'integer',
      master_key: 'text',
      created_at: 'text',
      created_by: 'text',
      updated_at: 'text',
      rotated_at: 'text',
      revision: 'integer',
      created_position: 'integer',
      position: 'integer',
    },
    indexes: [['name_key'], ['owner', 'created_position'], ['created_position'], ['position']],
  },
  types: ['SecretCreated', 'SecretRotated', 'SecretChanged', 'SecretRewrapped', 'SecretDeleted'],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'SecretCreated') return undefined;
    return {
      id,
      name: data.name,
      name_key: nameKey(data.name),
      description: data.description,
      scope: data.scope,
      owner: data.owner,
      mcp_id: data.mcpId,
      mcps: mcpsOf(data.mcps),
      status: 'active',
      version: data.version,
      master_key: data.key.masterKey,
      created_at: metadata.occurredAt,
      created_by: metadata.actor,
      updated_at: metadata.occurredAt,
      rotated_at: metadata.occurredAt,
      revision,
      created_position: position,
      position,
    };
  },
  change(_row, { type, data, metadata }) {
    const updated_at = metadata.occurredAt;
    switch (type) {
      case 'SecretRotated': {
        const { version, owner, key } = data;
        return { version, owner, master_key: key.masterKey, status: 'active', rotated_at: updated_at, updated_at };
      }
      case 'SecretChanged':
        return { description: data.description, mcps: mcpsOf(data.mcps), updated_at };
      case 'SecretRewrapped':
        return { master_key: data.key.masterKey };
      case 'SecretDeleted':
        return { status: 'deleted', updated_at };
      case 'SecretCreated':
        return {};
    }
  },
});

function mcpsOf(consents: readonly Consent[]): string {
  return JSON.stringify(consents.map(({ mcpId }) => mcpId));
}
