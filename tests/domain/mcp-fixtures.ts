import type { McpDefinition, Offer, ToolDefinition } from '../../src/domain/mcp/definition.ts';
import type { McpEvent } from '../../src/domain/mcp/events.ts';

export const definition: McpDefinition = {
  name: 'weather',
  description: 'Forecasts',
  tags: ['demo'],
  transport: { type: 'streamable-http', url: 'https://weather.example/mcp' },
};

export const elsewhere: McpDefinition = {
  ...definition,
  transport: { type: 'streamable-http', url: 'https://elsewhere.example/mcp' },
};

export function tool(name: string, more: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name, inputSchema: { type: 'object', properties: { city: { type: 'string' } } }, ...more };
}

export function offer(...tools: readonly ToolDefinition[]): Offer {
  const server = { name: 'weather', version: '1.0.0', protocolVersion: '2025-11-25' };
  return { tools, prompts: [], resources: [], resourceTemplates: [], server };
}

export const first = offer(tool('forecast'));
export const second = offer(tool('forecast', { description: 'Other words' }), tool('history'));

export const registered: McpEvent = { type: 'McpRegistered', data: { definition } };
export const discovered: McpEvent = { type: 'ToolsDiscovered', data: { version: 1, offer: first } };
export const retired: McpEvent = { type: 'McpRetired', data: {} };
export const restored: McpEvent = { type: 'McpRestored', data: {} };
export const failedDiscovery: McpEvent = {
  type: 'ToolDiscoveryFailed',
  data: { version: 1, code: 'upstream_unavailable', message: 'refused' },
};
export const drifted: McpEvent = {
  type: 'ToolDefinitionDrifted',
  data: {
    version: 1,
    offer: second,
    added: ['history'],
    removed: [],
    changed: ['forecast'],
    changes: [
      { pointer: '/tools/forecast/description', op: 'add', before: null, after: 'Other words' },
      { pointer: '/tools/history', op: 'add', before: null, after: tool('history') },
    ],
  },
};
