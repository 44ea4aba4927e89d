import type { McpDefinition, NamedDefinition, Offer, ToolDefinition } from '../../../src/domain/mcp/definition.ts';
import type { VersionContent } from '../../../src/domain/mcp/events.ts';

type Schema = Readonly<Record<string, unknown>>;

export function definition(overrides: Partial<McpDefinition> = {}): McpDefinition {
  const transport = { type: 'streamable-http', url: 'https://example.org/mcp' } as const;
  return { name: 'files', description: 'Files', tags: ['a', 'b'], transport, ...overrides };
}

export function tool(overrides: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name: 'echo', inputSchema: { type: 'object' }, ...overrides };
}

export function offer(tools: readonly ToolDefinition[], prompts: readonly NamedDefinition[] = []): Offer {
  const server = { name: 'example', version: '1.0.0', protocolVersion: '2025-11-25' };
  return { tools, prompts, resources: [], resourceTemplates: [], server };
}

export function version(tools: readonly ToolDefinition[]): VersionContent {
  return { definition: definition(), offer: offer(tools) };
}

/** A version with one tool that takes these arguments. */
export function taking(inputSchema: unknown): VersionContent {
  return version([tool({ inputSchema: inputSchema as Schema })]);
}

/** A version with one tool that answers like this. */
export function answering(outputSchema: unknown): VersionContent {
  return version([tool({ outputSchema: outputSchema as Schema })]);
}

/** A schema for an object with one property `x`. */
export function withX(x: unknown): Schema {
  return { type: 'object', properties: { x } };
}
