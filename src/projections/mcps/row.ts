import type { ToolDefinition } from '../../domain/mcp/definition.ts';
import type { StreamRow } from '../folding/stream-row.ts';

/** One mcp as lists show it. A type and not an interface, so that it is a row of cells. */
export type McpRow = StreamRow & {
  readonly name: string;
  /** The name as it is compared: names that look the same are the same. */
  readonly name_key: string;
  readonly description: string;
  /** JSON: string[]. */
  readonly tags: string;
  readonly status: 'active' | 'retired';
  readonly version: number;
  /** JSON: Transport, secrets as references. */
  readonly transport: string;
  /** JSON: ToolSummary[]; empty until the server has told its tools. */
  readonly tools: string;
  readonly tool_count: number;
  /** What became of asking the server: not yet, answered, or the last time it failed. */
  readonly discovery: 'pending' | 'discovered' | 'failed';
  /** JSON: { code, message }. */
  readonly discovery_error: string | null;
  /** JSON: Drift, while the server offers other things than the newest version says. */
  readonly drift: string | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly updated_at: string;
  readonly created_position: number;
};

export type ToolSummary = Pick<ToolDefinition, 'name' | 'title' | 'description' | 'annotations'>;

export interface Drift {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** RFC 3339. */
  readonly detectedAt: string;
}

/** How names are compared. It is the same rule by which the command side reserves them. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
