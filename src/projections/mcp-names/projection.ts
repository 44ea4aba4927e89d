import type { McpEvent } from '../../domain/mcp/events.ts';
import type { Position } from '../../ports/event-store.ts';
import { idOf, recognise } from '../folding/recorded.ts';
import { nameKey } from '../mcps/row.ts';
import type { Projection } from '../projection.ts';

/** One name that an mcp bears or once bore: how an mcp is found by the name it had then. */
export type McpNameRow = {
  readonly id: string;
  readonly mcp_id: string;
  readonly name_key: string;
  /** Where it first bore the name. */
  readonly position: Position;
};

const types = ['McpRegistered', 'McpVersionPublished'] as const;
const isOurs = recognise<Extract<McpEvent, { type: (typeof types)[number] }>>(types);

export const mcpNames: Projection<McpNameRow> = {
  name: 'mcp_names',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'mcp_names',
    columns: { mcp_id: 'text', name_key: 'text', position: 'integer' },
    indexes: [['name_key']],
  },
  types,
  rowId: (event) => (isOurs(event) ? `${idOf(event.stream)} ${nameKey(event.data.definition.name)}` : undefined),
  begins: (event) => event.revision === 0,
  evolve(row, event) {
    if (row || !isOurs(event)) return row;
    const mcp_id = idOf(event.stream);
    const name_key = nameKey(event.data.definition.name);
    return { id: `${mcp_id} ${name_key}`, mcp_id, name_key, position: event.position };
  },
};
