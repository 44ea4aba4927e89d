import type { McpDefinition, Offer, ToolDefinition } from '../../domain/mcp/definition.ts';
import type { McpEvent } from '../../domain/mcp/events.ts';
import { streamProjection } from '../folding/stream-row.ts';
import { beginning } from '../folding/words.ts';
import { nameKey, type Drift, type McpRow, type ToolSummary } from './row.ts';

/** A summary tells a tool apart from others; whoever calls it reads its whole description and schemas elsewhere. */
const longestDescription = 500;

/** One row for each mcp: what lists show, filter by and sort by. */
export const mcps = streamProjection<McpRow, McpEvent>({
  name: 'mcps',
  schemaVersion: 1,
  model: {
    kind: 'relational',
    table: 'mcps',
    columns: {
      name: 'text',
      name_key: 'text',
      description: 'text',
      tags: 'json',
      status: 'text',
      version: 'integer',
      transport: 'json',
      tools: 'json',
      tool_count: 'integer',
      discovery: 'text',
      discovery_error: 'json',
      drift: 'json',
      created_at: 'text',
      created_by: 'text',
      updated_at: 'text',
      revision: 'integer',
      created_position: 'integer',
      position: 'integer',
    },
    indexes: [['name_key'], ['created_position'], ['position']],
  },
  types: [
    'McpRegistered',
    'McpVersionPublished',
    'ToolsDiscovered',
    'ToolDiscoveryFailed',
    'ToolDefinitionDrifted',
    'PackagesPinned',
    'McpRetired',
    'McpRestored',
  ],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'McpRegistered') return undefined;
    return {
      id,
      ...definitionCells(data.definition),
      ...offerCells(null),
      status: 'active',
      version: 1,
      created_at: metadata.occurredAt,
      created_by: metadata.actor,
      updated_at: metadata.occurredAt,
      revision,
      created_position: position,
      position,
    };
  },
  change(row, event) {
    const updated_at = event.metadata.occurredAt;
    switch (event.type) {
      case 'McpVersionPublished': {
        const { definition, offer, version } = event.data;
        return { ...definitionCells(definition), ...offerCells(offer), version, updated_at };
      }
      case 'ToolsDiscovered':
        return event.data.version === row.version ? { ...offerCells(event.data.offer), updated_at } : {};
      case 'ToolDiscoveryFailed': {
        const { code, message } = event.data;
        return { discovery: 'failed', discovery_error: JSON.stringify({ code, message }), updated_at };
      }
      case 'ToolDefinitionDrifted': {
        const { added, removed, changed } = event.data;
        const drift: Drift = { added, removed, changed, detectedAt: event.metadata.occurredAt };
        return { drift: JSON.stringify(drift), updated_at };
      }
      case 'McpRetired':
        return { status: 'retired', updated_at };
      case 'McpRestored':
        return { status: 'active', updated_at };
      case 'PackagesPinned':
      case 'McpRegistered':
        return {};
    }
  },
});

function definitionCells({ name, description, tags, transport }: McpDefinition) {
  return {
    name,
    name_key: nameKey(name),
    description,
    tags: JSON.stringify(tags),
    transport: JSON.stringify(transport),
  };
}

/** What an offer makes of the discovered part of a row. A new offer ends drift and errors. */
function offerCells(offer: Offer | null) {
  return {
    tools: JSON.stringify(offer?.tools.map(summary) ?? []),
    tool_count: offer?.tools.length ?? 0,
    discovery: offer ? ('discovered' as const) : ('pending' as const),
    discovery_error: null,
    drift: null,
  };
}

function summary({ name, title, description, annotations }: ToolDefinition): ToolSummary {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description: shortened(description) }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function shortened(description: string): string {
  if (description.length <= longestDescription) return description;
  return `${beginning(description, longestDescription - 1)}…`;
}
