import type { NamedDefinition, Offer, ToolDefinition, Transport } from '../../domain/mcp/definition.ts';
import { hiddenTextOf, type HiddenText } from '../../domain/mcp/hidden-text.ts';
import type { McpVersionDocument } from '../../projections/mcp-versions/projection.ts';
import type { Drift, McpRow, ToolSummary } from '../../projections/mcps/row.ts';

/** An mcp as its readers see it. */
export interface McpResource {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly status: 'active' | 'retired';
  readonly version: number;
  readonly transport: Transport;
  /** What tells the tools apart; their schemas are in the list of tools. */
  readonly tools: readonly ToolSummary[];
  readonly discovery: {
    readonly status: 'pending' | 'discovered' | 'failed';
    readonly error?: { readonly code: string; readonly message: string };
  };
  /** Set while the server offers other things than the newest version says. */
  readonly drift: Drift | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly createdBy: string;
}

/** One version without what its server offers. */
export interface McpVersionSummary {
  readonly mcpId: string;
  readonly version: number;
  readonly reason: McpVersionDocument['reason'];
  readonly rolledBackTo: number | null;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly transport: Transport;
  readonly toolCount: number;
  readonly publishedAt: string;
  readonly publishedBy: string;
  /** When the server told what it offers; null while it has not. */
  readonly discoveredAt: string | null;
}

/** One version, whole. */
export interface McpVersionResource extends McpVersionSummary {
  /** What stands behind the packages that it starts by their names; null where it starts none, or nobody has looked yet. */
  readonly packages: McpVersionDocument['packages'] | null;
  readonly server: Offer['server'] | null;
  readonly tools: readonly ToolDefinition[];
  readonly prompts: readonly NamedDefinition[];
  readonly resources: readonly NamedDefinition[];
  readonly resourceTemplates: readonly NamedDefinition[];
  /** What its server says in characters that nobody sees, and a model reads. */
  readonly hiddenText: readonly HiddenText[];
}

export function toMcp(row: McpRow): McpResource {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    tags: JSON.parse(row.tags) as McpResource['tags'],
    status: row.status,
    version: row.version,
    transport: JSON.parse(row.transport) as Transport,
    tools: JSON.parse(row.tools) as McpResource['tools'],
    discovery: {
      status: row.discovery,
      ...(row.discovery_error === null
        ? {}
        : { error: JSON.parse(row.discovery_error) as { code: string; message: string } }),
    },
    drift: row.drift === null ? null : (JSON.parse(row.drift) as Drift),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
  };
}

export function toVersionSummary(document: McpVersionDocument): McpVersionSummary {
  const { name, description, tags, transport } = document.definition;
  return {
    mcpId: document.mcpId,
    version: document.version,
    reason: document.reason,
    rolledBackTo: document.rolledBackTo,
    name,
    description,
    tags,
    transport,
    toolCount: document.offer?.tools.length ?? 0,
    publishedAt: document.publishedAt,
    publishedBy: document.publishedBy,
    discoveredAt: document.discoveredAt,
  };
}

export function toVersion(document: McpVersionDocument): McpVersionResource {
  const { offer } = document;
  return {
    ...toVersionSummary(document),
    packages: document.packages ?? null,
    server: offer?.server ?? null,
    tools: offer?.tools ?? [],
    prompts: offer?.prompts ?? [],
    resources: offer?.resources ?? [],
    resourceTemplates: offer?.resourceTemplates ?? [],
    hiddenText: offer ? hiddenTextOf(offer) : [],
  };
}
